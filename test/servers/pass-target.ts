import type { PassTarget } from '../../src/cluster/join-owner.ts';

/** Says where the owner is, as a test wants it. */
export class PassTargetSource {
  readonly #listeners = new Set<() => void>();
  #target: PassTarget | undefined;

  readonly target = (): PassTarget | undefined => this.#target;

  readonly onTarget = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get listenerCount(): number {
    return this.#listeners.size;
  }

  set(target: PassTarget | undefined): void {
    this.#target = target;
    for (const listener of this.#listeners) listener();
  }
}
