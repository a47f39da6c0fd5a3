import type { SagaDefinition } from '../../saga.ts';
import { Fatal } from '../../service-failures.ts';
import type { OutgoingRecord, Transaction } from '../../store/store.ts';
import { inQueue } from '../../wire.ts';
import { internalRecord } from '../outgoing.ts';
import type { UnitOfWork } from '../subscription.ts';
import { sagaText } from './saga-row.ts';
import { type TimerFired, timerContract } from './timer-fired.ts';

/** Longer is a slip of units: a century. */
const DELAY_MS_MAX = 100 * 366 * 86_400_000;

/** Whose timers they are. */
export interface TimerOwner {
  readonly service: string;
  readonly saga: SagaDefinition;
  readonly key: string;
}

/** What one transition does to the timers of its saga. It is written down when the transition has succeeded. */
export class SagaTimers {
  readonly #owner: TimerOwner;
  readonly #work: UnitOfWork;
  /** Tokens of those that run. */
  readonly #running: Map<string, string>;
  /** When each is due that was started in this transition. */
  readonly #started = new Map<string, number>();
  readonly #stopped = new Set<string>();

  constructor(owner: TimerOwner, work: UnitOfWork, running: ReadonlyMap<string, string>) {
    this.#owner = owner;
    this.#work = work;
    this.#running = new Map(running);
  }

  get running(): Map<string, string> {
    return this.#running;
  }

  /** What happens when the timer is over. Throws `Fatal` when the saga does not say so. */
  timeoutOf(timer: string): (state: unknown, context: unknown) => unknown {
    const { timeouts } = this.#owner.saga;
    const timeout = timeouts.get(timer);
    if (timeout !== undefined) return timeout;
    const known = [...timeouts.keys()].map((name) => `'${name}'`).join(', ') || 'none';
    throw new Fatal(
      `saga '${this.#owner.saga.name}' has no timeout '${timer}' (it has: ${known}); add .timeout('${timer}', ...)`,
    );
  }

  /** A timer that is over: it runs no longer, and there is nothing to cancel. */
  fired(timer: string): void {
    this.#running.delete(timer);
  }

  start(timer: string, delayMs: number): void {
    this.timeoutOf(timer);
    if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX)) {
      throw new Fatal(
        `${sagaText(this.#owner.saga, this.#owner.key)}, timer '${timer}': found a delay of ${delayMs} ms; allowed: 0 to ${DELAY_MS_MAX}`,
      );
    }
    this.#stopped.delete(timer);
    this.#running.set(timer, this.#work.nextId());
    this.#started.set(timer, this.#work.nowMs() + delayMs);
  }

  stop(timer: string): void {
    this.timeoutOf(timer);
    this.#started.delete(timer);
    if (this.#running.delete(timer)) this.#stopped.add(timer);
  }

  stopAll(): void {
    for (const timer of this.#running.keys()) this.#stopped.add(timer);
    this.#running.clear();
    this.#started.clear();
  }

  /** Cancels in the transaction what was stopped, and has the rest sent when it is due. */
  async save(transaction: Transaction): Promise<void> {
    for (const timer of this.#stopped) await transaction.cancelTimer(this.#nameOf(timer));
    for (const [timer, dueMs] of this.#started) this.#work.emit(this.#recordOf(timer, dueMs));
  }

  #recordOf(timer: string, dueMs: number): OutgoingRecord {
    const { service, saga, key } = this.#owner;
    const id = this.#running.get(timer) as string;
    const fired: TimerFired = { saga: saga.name, key, timer, token: id };
    const type = timerContract(service, saga.name).name;
    const nowMs = this.#work.nowMs();
    return internalRecord(
      { id, type, service, queue: inQueue(service) },
      fired,
      { nowMs, dueMs },
      this.#nameOf(timer),
    );
  }

  /** Neither the saga nor the timer has a slash, so no two timers share a name. */
  #nameOf(timer: string): string {
    return `${this.#owner.saga.name}/${timer}/${this.#owner.key}`;
  }
}
