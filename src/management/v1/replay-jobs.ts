import type { Queue } from '../../core/queue/queue.ts';
import type { Runtime } from '../../core/runtime.ts';
import { Problem } from './problem.ts';
import type { ReplayJob } from './replay-job.ts';

/** Replays that run at a time. */
const RUNNING_MAX = 32;
/** Those that have ended included: half a megabyte each, at most. */
const KEPT_MAX = 64;
/** How long one is shown that has ended. */
const KEPT_MS = 3_600_000;
const RETRY_AFTER_SECONDS = 5;

/** The replays of a broker, in memory. */
export class ReplayJobs {
  readonly #runtime: Runtime;
  /** The oldest first. */
  #jobs: ReplayJob[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Problem 429 when as many run as may. */
  requireRoom(): void {
    const running = this.#jobs.filter(({ isRunning }) => isRunning).length;
    if (running < RUNNING_MAX) return;
    const detail = `${RUNNING_MAX} replays run, as many as may: stop one, or wait`;
    throw new Problem('too-many', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  add(job: ReplayJob): void {
    this.#forgetOld();
    this.#jobs.push(job);
    const oldest = this.#jobs.find(({ isRunning }) => !isRunning);
    if (this.#jobs.length > KEPT_MAX) this.#jobs = this.#jobs.filter((each) => each !== oldest);
  }

  /** The newest first. */
  of(queue: Queue): ReplayJob[] {
    this.#forgetOld();
    return this.#jobs.filter((job) => job.queue === queue).reverse();
  }

  find(queue: Queue, id: string): ReplayJob | undefined {
    return this.of(queue).find((job) => job.id === id);
  }

  stopAll(reason: string): void {
    for (const job of this.#jobs) job.stop(reason);
  }

  #forgetOld(): void {
    const endMs = this.#runtime.now() - KEPT_MS;
    this.#jobs = this.#jobs.filter(({ endedMs = Number.POSITIVE_INFINITY }) => endedMs > endMs);
  }
}
