/** A map laid over an image: nothing where it is 0, orange to red where it is large; drawn at least `least` pixels wide. */
export interface Overlay {
  readonly width: number;
  readonly height: number;
  /** uint8 RGB. */
  readonly pixels: Uint8Array;
}

const least = 224;

/** image: uint8 RGB [height, width, 3]. map: [rows, columns], 0 and more; its largest value is drawn as strongest. */
export function heatOverlay(image: Uint8Array, [height, width]: readonly [number, number], map: Float32Array, [rows, columns]: readonly [number, number]): Overlay {
  const scale = Math.max(1, Math.ceil(least / width)), most = Math.max(...map, Number.MIN_VALUE);
  const wide = width * scale, high = height * scale, pixels = new Uint8Array(wide * high * 3);
  const valueAt = (y: number, x: number): number => map[Math.max(0, Math.min(rows - 1, y)) * columns + Math.max(0, Math.min(columns - 1, x))]!;
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const v = (y + 0.5) / high * rows - 0.5, u = (x + 0.5) / wide * columns - 0.5, top = Math.floor(v), left = Math.floor(u), down = v - top, right = u - left;
      const heat = ((valueAt(top, left) * (1 - right) + valueAt(top, left + 1) * right) * (1 - down) + (valueAt(top + 1, left) * (1 - right) + valueAt(top + 1, left + 1) * right) * down) / most;
      const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * 3, to = (y * wide + x) * 3, opacity = 0.65 * heat;
      [255, 165 * (1 - heat), 0].forEach((colour, channel) => { pixels[to + channel] = Math.round(image[from + channel]! * (1 - opacity) + colour * opacity); });
    }
  }
  return { width: wide, height: high, pixels };
}
