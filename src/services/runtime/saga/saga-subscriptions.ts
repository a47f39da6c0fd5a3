import type { Context } from '../../context.ts';
import { type AnyContract, checkedName } from '../../contract.ts';
import { sagaHandling } from '../../handling.ts';
import { done, type Saga, type SagaDefinition, type SagaTransition } from '../../saga.ts';
import type { Unit } from '../../service.ts';
import { Fatal } from '../../service-failures.ts';
import type { Transaction } from '../../store/store.ts';
import type { Subscription, UnitOfWork } from '../subscription.ts';
import { NotStarted } from './not-started.ts';
import { readRow, type SagaRow, sagaText, writeRow } from './saga-row.ts';
import { SagaTimers } from './saga-timers.ts';
import { type TimerFired, timerContract } from './timer-fired.ts';
import { TransitionContext } from './transition-context.ts';

/** What a unit handles for a saga: each contract of its transitions, and its timers. Throws `TypeError` for a saga that cannot work. */
export function sagaSubscriptions(saga: Saga, unit: Unit): Subscription[] {
  checkSaga(saga.definition, unit);
  const runner = new SagaRunner(unit.name, saga.definition);
  const transitions = saga.definition.transitions.map((transition) =>
    subscription(saga, transition.contract, false, (payload, work) =>
      runner.onMessage(transition, payload, work),
    ),
  );
  if (saga.definition.timeouts.size === 0) return transitions;
  const timers = subscription(saga, timerContract(unit.name, saga.name), true, (payload, work) =>
    runner.onTimer(payload as TimerFired, work),
  );
  return [...transitions, timers];
}

/** What `with` cannot see, or types refuse already. */
function checkSaga({ name, transitions, timeouts }: SagaDefinition, unit: Unit): void {
  const saga = `saga '${name}' of service '${unit.name}'`;
  if (unit.options.database === undefined) {
    throw new TypeError(`${saga} has no database to keep its state in: give the service one`);
  }
  for (const timer of timeouts.keys()) checkedName('timer', timer);
  for (const { contract } of transitions) {
    if (contract.kind === 'event' || contract.reply === undefined) continue;
    throw new TypeError(
      `${saga} cannot answer '${contract.name}', which has a reply: handle it with .on(...) of the service, and let that handler publish what moves the saga`,
    );
  }
}

function subscription(
  saga: Saga,
  contract: AnyContract,
  isInternal: boolean,
  handle: Subscription['handle'],
): Subscription {
  const what = `saga '${saga.name}' of service '${saga.service}'`;
  return { ...sagaHandling(what, saga.definition), contract, part: contract.name, isInternal, handle };
}

const NEW_ROW: SagaRow = { state: undefined, timers: new Map() };

type Move = (state: unknown, context: TransitionContext) => unknown;

/** A message that moves a saga: where it stands, and the transaction that holds its row. */
interface Step {
  readonly key: string;
  /** For error messages. */
  readonly cause: string;
  readonly row: SagaRow;
  readonly work: UnitOfWork;
  readonly transaction: Transaction;
}

/** Makes one step of a saga of each message, in the transaction of the message. */
class SagaRunner {
  readonly #service: string;
  readonly #saga: SagaDefinition;

  constructor(service: string, saga: SagaDefinition) {
    this.#service = service;
    this.#saga = saga;
  }

  async onMessage(transition: SagaTransition, payload: unknown, work: UnitOfWork): Promise<void> {
    const key = this.#keyOf(transition, payload);
    const cause = `'${transition.contract.name}'`;
    const transaction = await work.transaction();
    const record = await transaction.lockSaga(this.#saga.name, key);
    if (record === undefined && !transition.starts) throw this.#notStarted(key, cause);
    if (record !== undefined && (transition.starts || record.state === undefined)) return;
    const row = record?.state === undefined ? NEW_ROW : await readRow(this.#saga, key, record.state);
    const timers = this.#timersOf(key, row, work);
    await this.#move({ key, cause, row, work, transaction }, timers, (state, context) =>
      transition.run(payload, state, context),
    );
  }

  /** A timer that was stopped or started again, or whose saga is done, may have been on its way already. */
  async onTimer({ key, timer, token }: TimerFired, work: UnitOfWork): Promise<void> {
    const transaction = await work.transaction();
    const record = await transaction.lockSaga(this.#saga.name, key);
    if (record?.state === undefined) return;
    const row = await readRow(this.#saga, key, record.state);
    if (row.timers.get(timer) !== token) return;
    const timers = this.#timersOf(key, row, work);
    const timeout = timers.timeoutOf(timer);
    timers.fired(timer);
    await this.#move({ key, cause: `timer '${timer}'`, row, work, transaction }, timers, timeout);
  }

  async #move(step: Step, timers: SagaTimers, move: Move): Promise<void> {
    const { key, work, transaction } = step;
    const base = work.context as Context<{ database: true; cache: true }>;
    const state = await move(step.row.state, new TransitionContext(base, key, timers));
    if (state === done) timers.stopAll();
    const row: SagaRow = { state, timers: timers.running };
    const text = state === done ? undefined : await writeRow(this.#saga, key, step.cause, row);
    await timers.save(transaction);
    await transaction.saveSaga(this.#saga.name, key, text, work.nowMs());
  }

  #timersOf(key: string, row: SagaRow, work: UnitOfWork): SagaTimers {
    return new SagaTimers({ service: this.#service, saga: this.#saga, key }, work, row.timers);
  }

  /** Types say that it is a string; of a program without types, or with a wrong one, nothing else may become the key of a row. */
  #keyOf({ contract, keyOf }: SagaTransition, payload: unknown): string {
    const key: unknown = keyOf(payload);
    if (typeof key === 'string') return key;
    throw new Fatal(
      `saga '${this.#saga.name}' of service '${this.#service}': the key of '${contract.name}' is ${String(key)}; allowed: a string; let the function after the contract return one`,
    );
  }

  #notStarted(key: string, cause: string): NotStarted {
    const starting = this.#saga.transitions.filter(({ starts }) => starts);
    const names = starting.map(({ contract }) => `'${contract.name}'`);
    return new NotStarted(
      `${sagaText(this.#saga, key)} has not begun, and ${cause} cannot begin it; it begins with ${names.join(' or ')}`,
    );
  }
}
