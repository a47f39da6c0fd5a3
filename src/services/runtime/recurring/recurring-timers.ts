import type { OutgoingMessage, PublishOptions } from '../../../client/outgoing-message.ts';
import type { Timer } from '../../clock.ts';
import type { Recurring } from '../../part.ts';
import { everyQueue } from '../../wire.ts';
import type { Environment } from '../environment.ts';
import { CronTimes } from './cron-times.ts';
import { type JobDue, jobContract, jobMessageId } from './job-due.ts';

/** The clock of the machine may be set, or may have slept: it is looked at again after this time. */
const LOOK_AGAIN_MS = 600_000;

/** What it takes of a client. */
export interface DuePublisher {
  publish(message: OutgoingMessage, options: PublishOptions): Promise<unknown>;
}

/** Announces the times of the recurring jobs of a service: each instance does, and `<service>.every` has one active consumer. */
export class RecurringTimers {
  readonly #jobs: readonly JobTimer[];

  /** `onTrouble` hears of an announcement that failed. */
  constructor(
    jobs: readonly Recurring[],
    publisher: DuePublisher,
    environment: Environment,
    onTrouble: (text: string, error: Error) => void,
  ) {
    this.#jobs = jobs.map((job) => new JobTimer(job, publisher, environment, onTrouble));
  }

  /** From now on: a time that has passed is not made up for. */
  start(): void {
    for (const job of this.#jobs) job.start();
  }

  stop(): void {
    for (const job of this.#jobs) job.stop();
  }
}

class JobTimer {
  readonly #job: Recurring;
  readonly #times: CronTimes;
  readonly #publisher: DuePublisher;
  readonly #environment: Environment;
  readonly #onTrouble: (text: string, error: Error) => void;
  readonly #stopping = new AbortController();
  #timer: Timer | undefined;
  /** While the broker is away, one announcement waits for it, not one for each time. */
  #isAnnouncing = false;

  constructor(
    job: Recurring,
    publisher: DuePublisher,
    environment: Environment,
    onTrouble: (text: string, error: Error) => void,
  ) {
    this.#job = job;
    this.#times = new CronTimes(job);
    this.#publisher = publisher;
    this.#environment = environment;
    this.#onTrouble = onTrouble;
  }

  start(): void {
    this.#waitForNext(this.#environment.clock.nowMs());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stopping.abort();
  }

  #waitForNext(afterMs: number): void {
    const dueMs = this.#times.nextMs(afterMs);
    if (dueMs !== undefined) this.#wait(dueMs);
  }

  #wait(dueMs: number): void {
    const { clock } = this.#environment;
    const delayMs = Math.min(Math.max(dueMs - clock.nowMs(), 0), LOOK_AGAIN_MS);
    this.#timer = clock.setTimer(delayMs, () => {
      const nowMs = clock.nowMs();
      if (nowMs < dueMs) return this.#wait(dueMs);
      this.#announce(dueMs);
      this.#waitForNext(Math.max(dueMs, nowMs));
    });
  }

  #announce(dueMs: number): void {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    this.#environment.workBegan();
    this.#publish(new Date(dueMs).toISOString())
      .catch((error: Error) => {
        if (this.#stopping.signal.aborted) return;
        this.#onTrouble(`recurring job '${this.#job.name}': its time could not be announced`, error);
      })
      .finally(() => {
        this.#isAnnouncing = false;
        this.#environment.workEnded();
      });
  }

  async #publish(due: string): Promise<void> {
    const { service, name } = this.#job;
    const body: JobDue = { due };
    await this.#publisher.publish(
      {
        routingKey: everyQueue(service),
        messageId: jobMessageId(service, name, due),
        type: jobContract(service, name).name,
        appId: service,
        timestamp: new Date(due),
        body: { ...body },
      },
      { signal: this.#stopping.signal },
    );
  }
}
