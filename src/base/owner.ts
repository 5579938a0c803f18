/** Anything with an end. */
export interface Disposable {
  dispose(): void;
}

/** Owns things that must end; ends them newest first, exactly once. */
export abstract class Owner implements Disposable {
  readonly #owned: Disposable[] = [];
  #ended = false;

  protected own<T extends Disposable>(child: T): T {
    if (this.#ended) child.dispose(); // too late to be kept: end it, do not leak it
    else this.#owned.push(child);
    return child;
  }

  dispose(): void {
    this.#ended = true;
    for (let child = this.#owned.pop(); child; child = this.#owned.pop()) child.dispose();
  }
}
