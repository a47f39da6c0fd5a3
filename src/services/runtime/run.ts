import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '../../client/amqp-client.ts';
import { callListener } from '../../client/call-listener.ts';
import type { BrokerAddress } from '../../client/open-transport.ts';
import type { CacheOptions } from '../cache/cache.ts';
import { openCache } from '../cache/open-cache.ts';
import { openClaimCheck } from '../claim-check/folder-claim-check.ts';
import { systemClock } from '../clock.ts';
import type { Unit } from '../service.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { Tracing } from '../telemetry/instruments.ts';
import { openTracing } from '../telemetry/open-tracing.ts';
import type { App, RunOptions } from './app.ts';
import { DeclaredExchanges } from './declared-exchanges.ts';
import type { Environment } from './environment.ts';
import { Requests } from './requests.ts';
import { RunningApp } from './running-app.ts';
import { RunningUnit } from './running-unit.ts';
import type { ServiceEvent } from './service-event.ts';
import { checkUnits } from './unit-check.ts';

export const systemEnvironment: Environment = {
  clock: systemClock,
  random: Math.random,
  faults: undefined,
  workBegan: nothing,
  workEnded: nothing,
  pausesBetweenAttempts: true,
};

/** A broker that starts at the same time may take so long. */
const WAIT_MS = 10_000;
/** A day: it only has to be there. */
const KEEP_ALIVE_MS = 86_400_000;

/**
 * Runs services in this process: connects, opens databases and caches, declares exchanges and queues, and consumes. Without a
 * broker one is started in this process, which keeps its messages in memory.
 *
 * Rejects when the broker or a database cannot be reached, or a queue that is there is another one than a service declares. What
 * was opened by then is closed.
 *
 * @example
 * const app = await run([ordersUnit, paymentsUnit], { broker: process.env.BROKER_URL });
 * const { status } = await app.call(placeOrder, { orderId: 'a', total: 12.5 });
 * await app.close();
 */
export async function run(units: readonly Unit[], options: RunOptions = {}): Promise<App> {
  const opening = new AppOpening(options, systemEnvironment);
  // services in one process with their broker have no socket that would keep it alive
  const keepAlive = setInterval(nothing, KEEP_ALIVE_MS);
  opening.closeLater(async () => clearInterval(keepAlive));
  return opening.run(units);
}

/** `run` in an environment that a test brings along. */
export function runWith(units: readonly Unit[], options: RunOptions, environment: Environment): Promise<App> {
  return new AppOpening(options, environment).run(units);
}

/** What is opened for an app, one after the other. */
class AppOpening {
  readonly #options: RunOptions;
  readonly #environment: Environment;
  /** Of what is open, should the rest fail; what was opened last is closed first. */
  readonly #closes: (() => Promise<unknown>)[] = [];

  constructor(options: RunOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
  }

  closeLater(close: () => Promise<unknown>): void {
    this.#closes.unshift(close);
  }

  async run(units: readonly Unit[]): Promise<App> {
    try {
      checkUnits(units);
      return await this.#open(units);
    } catch (reason) {
      await this.#closeAll();
      throw reason;
    }
  }

  async #open(units: readonly Unit[]): Promise<App> {
    const address = this.#options.broker ?? (await this.#startBroker());
    const tracing = await openTracing();
    const client = await this.#connect(address, 'app');
    const environment = this.#environment;
    const requests = new Requests(client, new DeclaredExchanges(client), environment);
    const running: RunningUnit[] = [];
    for (const each of units) {
      const unit = await this.#openUnit(each, address, tracing, requests);
      // nothing works by itself any more when what it stands on is closed
      this.closeLater(async () => unit.stop());
      running.push(unit);
    }
    for (const unit of running) await unit.start();
    return new RunningApp(running, {
      requests,
      tracing,
      environment,
      closeRest: () => this.#closeAll(),
    });
  }

  async #openUnit(
    unit: Unit,
    address: BrokerAddress | (() => BrokerAddress),
    tracing: Tracing,
    requests: Requests,
  ): Promise<RunningUnit> {
    const { name, options } = unit;
    const onEvent = this.#tell;
    const store = await this.#openStore(unit);
    const cache =
      options.cache === undefined
        ? undefined
        : await openCache(name, this.#cacheOptions(unit), {
            clock: this.#environment.clock,
            onTrouble: (text, error) => onEvent({ type: 'trouble', service: name, text, error }),
          });
    if (cache !== undefined) this.closeLater(() => cache.close());
    const claimCheck =
      options.claimCheck === undefined ? undefined : await openClaimCheck(name, options.claimCheck);
    const client = await this.#connect(address, name);
    onEvent({ type: 'connected', service: name, product: client.product });
    client.on('connected', (product) => onEvent({ type: 'connected', service: name, product }));
    client.on('disconnected', (reason) => onEvent({ type: 'disconnected', service: name, reason }));
    return new RunningUnit(unit, {
      client,
      store,
      cache,
      claimCheck,
      tracing,
      requests,
      environment: this.#environment,
      topology: { queueType: this.#options.queueType },
      onEvent,
    });
  }

  async #openStore({ name, options }: Unit): Promise<Store | undefined> {
    if (options.database === undefined) return undefined;
    const { url, migrations } = options.database;
    const { databaseUrl, dataDir = './data' } = this.#options;
    const store = await openStore(databaseUrl?.(name) ?? url ?? `file:${join(dataDir, `${name}.db`)}`, {
      name,
    });
    this.closeLater(() => store.close());
    await store.migrate(migrations instanceof URL ? fileURLToPath(migrations) : migrations);
    return store;
  }

  #cacheOptions({ name, options }: Unit): CacheOptions {
    const url = this.#options.cacheUrl?.(name);
    return url === undefined ? { ...options.cache } : { ...options.cache, url };
  }

  async #connect(address: BrokerAddress | (() => BrokerAddress), connectionName: string): Promise<Client> {
    const { signal } = this.#options;
    const client = await connect(address, { connectionName, waitMs: WAIT_MS, ...(signal && { signal }) });
    this.closeLater(() => client.close());
    return client;
  }

  /** Loaded only when it is needed: a service in production has a broker of its own. */
  async #startBroker(): Promise<BrokerAddress> {
    const { startBroker } = await import('../../daemon/start-broker.ts');
    const broker = await startBroker({ amqpPort: false });
    this.closeLater(() => broker.close());
    return broker;
  }

  /** All of it is tried. Rejects with the first failure. */
  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.splice(0)) await close().catch((reason) => failures.push(reason));
    if (failures.length > 0) throw failures[0];
  }

  readonly #tell = (event: ServiceEvent): void => {
    const { onEvent } = this.#options;
    if (onEvent !== undefined) callListener(() => onEvent(event));
  };
}

function nothing(): void {}
