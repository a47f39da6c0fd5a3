/**
 * Everything in core that happens at a time: heartbeats, expiry of messages and queues, delayed messages, time-outs.
 * A binary heap by time; each entry knows its place, so that moving it costs O(log n). Entries of one time run in the
 * order in which they were set, so that a run can be repeated exactly. Times are whole milliseconds, as the clock that
 * they are compared with: a fraction is rounded up.
 */
export class Deadline {
  readonly run: (nowMs: number) => void;
  /** Monotonic milliseconds; Infinity while it is not set. */
  atMs: number = Number.POSITIVE_INFINITY;
  /** Owned by Deadlines: place in the heap, -1 outside of it. */
  place = -1;
  /** Owned by Deadlines: breaks ties. */
  order = 0;

  constructor(run: (nowMs: number) => void) {
    this.run = run;
  }
}

export class Deadlines {
  readonly #heap: Deadline[] = [];
  #order = 0;
  /** The time that `runDue` runs for; -Infinity outside of it. */
  #runningMs = Number.NEGATIVE_INFINITY;
  /** Set while `runDue` ran, to a time that had come already: they wait for its next call. */
  #waiting: Deadline[] = [];

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** `deadline.run` will be called at `timeMs`, once; Infinity withdraws it. */
  set(deadline: Deadline, timeMs: number): void {
    const atMs = Math.ceil(timeMs);
    if (atMs === deadline.atMs) return;
    deadline.atMs = atMs;
    deadline.order = this.#order++;
    if (atMs === Number.POSITIVE_INFINITY) {
      this.#remove(deadline);
    } else if (atMs <= this.#runningMs) {
      this.#remove(deadline);
      this.#waiting.push(deadline);
    } else {
      this.#insert(deadline);
    }
  }

  clear(deadline: Deadline): void {
    this.set(deadline, Number.POSITIVE_INFINITY);
  }

  /** Runs what is due at `nowMs`, at most `countMax` entries and each once, whatever they set meanwhile. */
  runDue(nowMs: number, countMax: number): void {
    this.#runningMs = nowMs;
    for (let count = 0; count < countMax && this.nextMs <= nowMs; count++) {
      const deadline = this.#heap[0] as Deadline;
      this.clear(deadline);
      deadline.run(nowMs);
    }
    this.#runningMs = Number.NEGATIVE_INFINITY;
    if (this.#waiting.length > 0) this.#insertWaiting();
  }

  /** Some may have been withdrawn or moved since they came here. */
  #insertWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const deadline of waiting) {
      if (deadline.atMs !== Number.POSITIVE_INFINITY) this.#insert(deadline);
    }
  }

  /** Puts `deadline` into the heap, or to its new place there. */
  #insert(deadline: Deadline): void {
    if (deadline.place < 0) {
      deadline.place = this.#heap.length;
      this.#heap.push(deadline);
    }
    this.#settle(deadline);
  }

  #remove(deadline: Deadline): void {
    const place = deadline.place;
    if (place < 0) return;
    deadline.place = -1;
    const last = this.#heap.pop() as Deadline;
    if (last === deadline) return;
    last.place = place;
    this.#heap[place] = last;
    this.#settle(last);
  }

  /** Moves an entry up or down to where it belongs. */
  #settle(deadline: Deadline): void {
    const heap = this.#heap;
    let place = deadline.place;
    while (place > 0) {
      const parent = heap[(place - 1) >> 1] as Deadline;
      if (isBefore(parent, deadline)) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Deadline, heap[child] as Deadline)) child++;
      if (isBefore(deadline, heap[child] as Deadline)) break;
      this.#put(heap[child] as Deadline, place);
      place = child;
    }
    this.#put(deadline, place);
  }

  #put(deadline: Deadline, place: number): void {
    this.#heap[place] = deadline;
    deadline.place = place;
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
