import type { StorageTimer } from '../../src/storage/file/storage-timer.ts';

/** Time passes when the test says so. */
export class ManualTimer implements StorageTimer {
  #waiting: { readonly ms: number; readonly callback: () => void }[] = [];

  /** The delays that are waited for. */
  get delays(): number[] {
    return this.#waiting.map(({ ms }) => ms);
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { ms, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  }

  /** Everything that is waited for now is due. */
  fire(): void {
    const due = this.#waiting;
    this.#waiting = [];
    for (const { callback } of due) callback();
  }
}
