/** Runs tasks one after the other. */
export class Tasks {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.then(nothing, nothing);
    return done;
  }
}

function nothing(): void {}
