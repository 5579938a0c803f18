/**
 * Seeded randomness with named streams: `rng(seed, 'shuffle', epoch)` is the same sequence on every machine,
 * and drawing from one stream never moves another. Generator: sfc32 (Chris Doty-Humphrey, PractRand);
 * seeding: cyrb128-style mixing of the stream's name.
 */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of it. */
  readonly next: () => number;
  /** Uniform integer in [0, below). */
  readonly int: (below: number) => number;
  /** Standard normal (Box–Muller). */
  readonly normal: () => number;
  /** A shuffled copy (Fisher–Yates). */
  readonly shuffled: <T>(items: readonly T[]) => T[];
}

export function rng(seed: number, ...stream: readonly (string | number)[]): Rng {
  let [a, b, c, d] = mix(`${seed}/${stream.join('/')}`);
  const bits = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits(); // sfc32 needs a few rounds before its state is mixed
  const next = (): number => bits() / 4294967296;
  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffled: (items) => {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [copy[i], copy[j]] = [copy[j]!, copy[i]!];
      }
      return copy;
    },
  };
}

function mix(text: string): [number, number, number, number] {
  let h1 = 1779033703, h2 = 3144134277, h3 = 1013904242, h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ k, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ k, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ k, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ k, 2716044179);
  }
  return [h1 | 0, h2 | 0, h3 | 0, h4 | 0];
}
