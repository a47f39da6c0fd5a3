import type { Client } from '../../client/amqp-client.ts';
import type { Cache } from '../cache/cache.ts';
import type { ClaimCheck } from '../claim-check/claim-check.ts';
import type { Recurring } from '../part.ts';
import type { Unit } from '../service.ts';
import type { Store } from '../store/store.ts';
import type { Tracing } from '../telemetry/instruments.ts';
import { ServiceMetrics } from '../telemetry/service-metrics.ts';
import type { UnitHealth } from './app.ts';
import { declareTopology } from './declare-topology.ts';
import { DeclaredExchanges } from './declared-exchanges.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Environment } from './environment.ts';
import { UnitProcessor } from './message-processor.ts';
import { MessageSender } from './message-sender.ts';
import type { OrderedConsumer } from './ordered/ordered-consumer.ts';
import { Outbox } from './outbox.ts';
import { RecurringTimers } from './recurring/recurring-timers.ts';
import type { Requests } from './requests.ts';
import { type KeptRecords, Retention } from './retention.ts';
import type { ServiceEvent } from './service-event.ts';
import type { TopologyOptions } from './topology-of.ts';
import { unitConsumers } from './unit-consumers.ts';

const INBOX_DAYS = 7;
const NOTHING_TO_SEND = { count: 0, oldestDueMs: undefined };

/** What a unit runs on. Whoever opened it closes it. */
export interface UnitMeans {
  readonly client: Client;
  readonly store: Store | undefined;
  readonly cache: Cache | undefined;
  readonly claimCheck: ClaimCheck | undefined;
  readonly tracing: Tracing | undefined;
  readonly requests: Requests;
  readonly environment: Environment;
  readonly topology: TopologyOptions;
  onEvent(event: ServiceEvent): void;
}

/**
 * A service that runs in this process.
 *
 *     RunningUnit -- Dispatcher -- SubscriptionLane, OrderedConsumer   when a message is tried
 *       |               `-- UnitProcessor -- MessageWork               what becomes of it
 *       |-- Outbox -- MessageSender                                    what it sends
 *       |-- RecurringTimers
 *       `-- Retention                                                how long it is remembered
 */
export class RunningUnit {
  readonly unit: Unit;
  readonly metrics: ServiceMetrics;
  readonly #means: UnitMeans;
  readonly #outbox: Outbox | undefined;
  readonly #sender: MessageSender;
  readonly #processor: UnitProcessor;
  readonly #dispatchers: readonly Dispatcher[];
  readonly #ordered: readonly OrderedConsumer[];
  readonly #recurring: RecurringTimers;
  readonly #retention: Retention;
  #databaseTrouble: string | undefined;

  constructor(unit: Unit, means: UnitMeans) {
    const { client, store, environment, claimCheck, onEvent } = means;
    const service = unit.name;
    this.unit = unit;
    this.#means = means;
    this.metrics = new ServiceMetrics(service);
    this.#sender = new MessageSender(client, new DeclaredExchanges(client), this.metrics);
    this.#outbox = store === undefined ? undefined : this.#makeOutbox(store);
    const declare = (): Promise<void> => declareTopology(client, unit, means.topology);
    this.#processor = new UnitProcessor({
      means: { ...means, service },
      client,
      sender: this.#sender,
      outbox: this.#outbox,
      instruments: this.metrics,
      declare,
      onEvent,
    });
    const { dispatchers, ordered } = unitConsumers(unit, {
      service,
      client,
      claimCheck,
      processor: this.#processor,
      environment,
      onEvent,
      declare,
    });
    this.#dispatchers = dispatchers;
    this.#ordered = ordered;
    const jobs = unit.parts.filter((part): part is Recurring => part.part === 'recurring');
    this.#recurring = new RecurringTimers(jobs, client, environment, (text, error) =>
      onEvent({ type: 'trouble', service, text, error }),
    );
    this.#retention = this.#makeRetention();
  }

  get store(): Store | undefined {
    return this.#means.store;
  }

  get isConnected(): boolean {
    return this.#means.client.isConnected;
  }

  async start(): Promise<void> {
    const { client, topology, onEvent } = this.#means;
    await declareTopology(client, this.unit, topology);
    this.#outbox?.start();
    await Promise.all([...this.#dispatchers, ...this.#ordered].map((each) => each.start()));
    this.#recurring.start();
    this.#retention.start();
    onEvent({ type: 'started', service: this.unit.name });
  }

  async health(): Promise<UnitHealth> {
    const { environment } = this.#means;
    const nowMs = environment.clock.nowMs();
    const lag = await this.#outboxLag(nowMs);
    const consumers = [...this.#dispatchers, ...this.#ordered];
    return {
      service: this.unit.name,
      isConsuming: this.isConnected && consumers.every(({ isConsuming }) => isConsuming),
      inFlight: consumers.reduce((sum, { inFlight }) => sum + inFlight, 0),
      handledCount: this.#dispatchers.reduce(
        (sum, { postponedCount }) => sum + postponedCount,
        this.#processor.handledCount,
      ),
      outboxCount: lag.count,
      outboxLagMs: lag.oldestDueMs === undefined ? 0 : Math.max(0, nowMs - lag.oldestDueMs),
    };
  }

  /** Why its database could not be read when its health was asked for last. */
  get databaseTrouble(): string | undefined {
    return this.#databaseTrouble;
  }

  /** Takes nothing more, lets handlers finish, and sends what is to be sent. */
  async drain(): Promise<void> {
    this.#recurring.stop();
    const stopped = [...this.#dispatchers, ...this.#ordered].map((each) => each.stop());
    // they take nothing more, so what is let go of does not come again to this instance
    this.#processor.stopWaiting();
    await Promise.all(stopped);
    await this.#outbox?.flush();
    this.#outbox?.stop();
    await this.#sender.idle();
    await this.#means.client.drain();
  }

  /** Stops what works by itself. What is still under way is delivered again, to whoever is next. */
  stop(): void {
    this.#recurring.stop();
    this.#retention.stop();
    this.#processor.stop();
    this.#outbox?.stop();
  }

  /** Everything that it stood on is closed. */
  stopped(): void {
    this.#means.onEvent({ type: 'stopped', service: this.unit.name });
  }

  async #outboxLag(nowMs: number): ReturnType<Store['outboxLag']> {
    try {
      const lag = await this.#means.store?.outboxLag(nowMs);
      this.#databaseTrouble = undefined;
      return lag ?? NOTHING_TO_SEND;
    } catch (reason) {
      this.#databaseTrouble = reason instanceof Error ? reason.message : String(reason);
      return NOTHING_TO_SEND;
    }
  }

  #makeOutbox(store: Store): Outbox {
    const { environment, onEvent } = this.#means;
    return new Outbox({ service: this.unit.name, store, sender: this.#sender, environment, onEvent });
  }

  #makeRetention(): Retention {
    const { store, claimCheck, environment, onEvent } = this.#means;
    const kept: KeptRecords[] = [];
    if (store !== undefined) {
      kept.push({ name: 'handled messages', removeBefore: (timeMs) => store.forgetBefore(timeMs) });
    }
    if (claimCheck !== undefined) {
      kept.push({ name: 'large payloads', removeBefore: (timeMs) => claimCheck.removeBefore(timeMs) });
    }
    const days = this.unit.options.inboxDays ?? INBOX_DAYS;
    return new Retention({ service: this.unit.name, days, kept, environment, onEvent });
  }
}
