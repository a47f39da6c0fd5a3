import type { CallOptions } from '../context.ts';
import type { AnyCommand, AnyEvent, ReplyGotFrom, SentBy } from '../contract.ts';
import type { Unit } from '../service.ts';
import type { Database } from '../store/database.ts';
import type { Tracing } from '../telemetry/instruments.ts';
import { serviceMetricsText } from '../telemetry/service-metrics-text.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import type { App, EmitAppOptions, Health, ResultOptions, SentCommand, UnitHealth } from './app.ts';
import type { Environment } from './environment.ts';
import { ofKind } from './of-kind.ts';
import type { Asker, Requests } from './requests.ts';
import type { RunningUnit } from './running-unit.ts';

const CLOSE_TIMEOUT_MS = 30_000;
/** An outbox that lags behind for longer is a reason to send no more work here. */
const OUTBOX_LAG_MAX_MS = 30_000;

export interface AppMeans {
  readonly requests: Requests;
  readonly tracing: Tracing | undefined;
  readonly environment: Environment;
  /** Closes all that was opened. */
  closeRest(): Promise<void>;
}

export class RunningApp implements App {
  readonly #units: readonly RunningUnit[];
  readonly #means: AppMeans;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(units: readonly RunningUnit[], means: AppMeans) {
    this.#units = units;
    this.#means = means;
  }

  async send<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options: EmitAppOptions = {},
  ): Promise<SentCommand<ReplyGotFrom<C>>> {
    const { requests } = this.#means;
    const messageId = await requests.publish(ofKind('command', command), payload, options, this.#asker());
    return { messageId, result: (resultOptions = {}) => requests.result(command, messageId, resultOptions) };
  }

  async call<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options: CallOptions = {},
  ): Promise<ReplyGotFrom<C>> {
    return this.#means.requests.call(ofKind('command', command), payload, options, this.#asker());
  }

  async publish<E extends AnyEvent>(
    event: E,
    payload: SentBy<E>,
    options: EmitAppOptions = {},
  ): Promise<string> {
    return this.#means.requests.publish(ofKind('event', event), payload, options, this.#asker());
  }

  async result<C extends AnyCommand>(
    command: C,
    messageId: string,
    options: ResultOptions = {},
  ): Promise<ReplyGotFrom<C>> {
    return this.#means.requests.result(ofKind('command', command), messageId, options);
  }

  database(unit: Unit): Database {
    const running = this.#units.find((each) => each.unit === unit);
    if (running?.store !== undefined) return running.store.database;
    const known = this.#units.filter(({ store }) => store !== undefined).map((each) => `'${each.unit.name}'`);
    throw new TypeError(
      `unit '${unit.name}' has no database in this app; those that have one: ${known.join(', ') || 'none'}`,
    );
  }

  async health(): Promise<Health> {
    const units = await Promise.all(this.#units.map((unit) => unit.health()));
    const reasons = units.flatMap((health, index) =>
      this.#reasons(health, this.#units[index] as RunningUnit),
    );
    if (this.#isClosing) reasons.unshift('it is closing');
    return { isReady: reasons.length === 0, reasons, units };
  }

  async metrics(): Promise<string> {
    const samples = this.#units.map(async (unit) => ({ metrics: unit.metrics, health: await unit.health() }));
    return serviceMetricsText(await Promise.all(samples));
  }

  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#isClosing = true;
    this.#closed ??= this.#close(options.timeoutMs ?? CLOSE_TIMEOUT_MS);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #asker(): Asker {
    const { tracing } = this.#means;
    return { appId: undefined, headers: tracing === undefined ? NO_TRACE : tracing.headers() };
  }

  #reasons({ service, isConsuming, outboxCount, outboxLagMs }: UnitHealth, unit: RunningUnit): string[] {
    const reasons: string[] = [];
    if (!unit.isConnected) reasons.push(`service '${service}' has no connection to the broker`);
    else if (!isConsuming) reasons.push(`service '${service}' does not consume its queues`);
    const { databaseTrouble } = unit;
    if (databaseTrouble !== undefined) {
      reasons.push(`service '${service}' cannot read its database: ${databaseTrouble}`);
    }
    if (outboxLagMs > OUTBOX_LAG_MAX_MS) {
      reasons.push(
        `service '${service}' has ${outboxCount} messages to send, the oldest for ${Math.round(outboxLagMs / 1000)} s`,
      );
    }
    return reasons;
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#drained(timeoutMs);
    for (const unit of this.#units) unit.stop();
    await this.#means.closeRest();
    for (const unit of this.#units) unit.stopped();
  }

  /** Resolves when all is quiet, or the time is over, or it cannot become quiet. */
  #drained(timeoutMs: number): Promise<void> {
    const { clock } = this.#means.environment;
    return new Promise((resolve) => {
      const timer = clock.setTimer(timeoutMs, resolve);
      void Promise.allSettled(this.#units.map((unit) => unit.drain())).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
