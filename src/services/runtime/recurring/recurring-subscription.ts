import { recurringHandling } from '../../handling.ts';
import type { Recurring } from '../../part.ts';
import type { Unit } from '../../service.ts';
import type { Subscription, UnitOfWork } from '../subscription.ts';
import { checkTimes } from './cron-times.ts';
import { type JobDue, jobContract } from './job-due.ts';

/** What a unit handles for a recurring job. Throws `TypeError` for a pattern or a time zone that does not exist. */
export function recurringSubscription(job: Recurring, unit: Unit): Subscription {
  checkTimes(job);
  const contract = jobContract(job.service, job.name);
  const runner = new JobRunner(job, unit.options.database !== undefined);
  return {
    ...recurringHandling(`recurring job '${job.name}' of service '${job.service}'`, job.options),
    contract,
    part: contract.name,
    isInternal: true,
    handle: (payload, work) => runner.run(payload as JobDue, work),
  };
}

/**
 * Runs a job once for each of its times. Each instance announces each time, under the same message id. The inbox drops all but one;
 * a service without an inbox leaves that to its one active consumer, which knows what it ran last.
 */
class JobRunner {
  readonly #job: Recurring;
  readonly #hasInbox: boolean;
  #lastDueMs = Number.NEGATIVE_INFINITY;
  /** Times up to here came while the job ran: they are left out. */
  #lastEndMs = Number.NEGATIVE_INFINITY;

  constructor(job: Recurring, hasInbox: boolean) {
    this.#job = job;
    this.#hasInbox = hasInbox;
  }

  async run({ due }: JobDue, work: UnitOfWork): Promise<void> {
    const dueMs = Date.parse(due);
    if (this.#isOver(dueMs, work.context.attempt)) return;
    await this.#job.handle(new Date(dueMs), work.context);
    this.#lastDueMs = dueMs;
    this.#lastEndMs = work.nowMs();
  }

  /** The last one may come again, when its transaction or its messages failed after the job had run. */
  #isOver(dueMs: number, attempt: number): boolean {
    if (dueMs === this.#lastDueMs) return !this.#hasInbox && attempt === 1;
    return dueMs < this.#lastDueMs || dueMs <= this.#lastEndMs;
  }
}
