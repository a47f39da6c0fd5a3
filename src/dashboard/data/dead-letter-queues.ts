/**
 * Which queues get dead letters: those to which the dead-letter exchanges of other queues lead, by any number of bindings, and those of
 * services, which put there themselves what they give up: `orders.dead` beside `orders.in` (docs/services.md, "On the wire").
 */
import { exchangeFromPath } from './exchanges.ts';
import { queryText, segment } from './http.ts';

export interface DeadLetterQueue {
  readonly vhost: string;
  readonly name: string;
  /** Messages that were ready, when it was looked for. */
  readonly ready: number;
  /** The queues whose dead letters it gets. */
  readonly sources: readonly string[];
  /** The dead-letter exchanges of these; none when a service does without. */
  readonly exchanges: readonly string[];
}

export interface DeadLetterQueues {
  readonly queues: readonly DeadLetterQueue[];
  /** There were more exchanges than are followed. */
  readonly isPartial: boolean;
}

interface QueueRow {
  readonly name: string;
  readonly vhost: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly effective_policy_definition?: Readonly<Record<string, unknown>> | null;
  readonly messages_ready?: number;
}

interface BindingRow {
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
}

type Get = <T>(path: string) => Promise<T>;

/** Each is a request. */
export const EXCHANGES_MAX = 100;

/** All vhosts when there is none given. */
export async function findDeadLetterQueues(get: Get, vhost: string | undefined): Promise<DeadLetterQueues> {
  const path = vhost === undefined ? '/api/queues' : `/api/queues/${segment(vhost)}`;
  const columns = 'name,vhost,arguments,effective_policy_definition,messages_ready';
  const rows = await get<readonly QueueRow[]>(`${path}${queryText({ columns })}`);
  const search = new DeadLetterSearch(get, rows);
  for (const row of rows) search.add(row);
  return search.run();
}

/** A way that dead letters of a queue go on. */
interface Way {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string | undefined;
  readonly sources: Set<string>;
}

interface Found {
  readonly row: QueueRow;
  readonly sources: Set<string>;
  readonly exchanges: Set<string>;
}

/** The name of a service has no dots. */
const DEAD_OF_SERVICE = /^([^.]+)\.dead$/;

class DeadLetterSearch {
  readonly #get: Get;
  readonly #rows = new Map<string, QueueRow>();
  readonly #ways = new Map<string, Way>();
  readonly #found = new Map<string, Found>();

  constructor(get: Get, rows: readonly QueueRow[]) {
    this.#get = get;
    for (const row of rows) this.#rows.set(keyOf(row.vhost, row.name), row);
  }

  /** Queues with the same dead-letter exchange share a way, but for the default one, where the key decides. */
  add(row: QueueRow): void {
    const exchange = settingOf(row, 'dead-letter-exchange');
    if (exchange === undefined) return;
    const routingKey = exchange === '' ? settingOf(row, 'dead-letter-routing-key') : undefined;
    const key = keyOf(row.vhost, exchange, routingKey ?? '');
    const way = this.#ways.get(key) ?? { vhost: row.vhost, exchange, routingKey, sources: new Set() };
    way.sources.add(row.name);
    this.#ways.set(key, way);
  }

  async run(): Promise<DeadLetterQueues> {
    const ways = [...this.#ways.values()];
    const named = ways.filter(({ exchange }) => exchange !== '');
    for (const way of ways) if (way.exchange === '') this.#reach(way, way.routingKey);
    for (const row of this.#rows.values()) this.#addOfService(row);
    await Promise.all(named.slice(0, EXCHANGES_MAX).map((way) => this.#follow(way)));
    const queues = [...this.#found.values()].map(({ row, sources, exchanges }) => ({
      vhost: row.vhost,
      name: row.name,
      ready: row.messages_ready ?? 0,
      sources: [...sources].sort(),
      exchanges: [...exchanges].sort(),
    }));
    queues.sort((one, other) => other.ready - one.ready || one.name.localeCompare(other.name));
    return { queues, isPartial: named.length > EXCHANGES_MAX };
  }

  /** Exchanges may lead to further exchanges, and in circles. */
  async #follow(way: Way): Promise<void> {
    const seen = new Set([way.exchange]);
    for (const exchange of seen)
      for (const { destination, destination_type } of await this.#bindingsOf(way.vhost, exchange))
        if (destination_type === 'queue') this.#reach(way, destination);
        else if (seen.size < EXCHANGES_MAX) seen.add(destination);
  }

  async #bindingsOf(vhost: string, exchange: string): Promise<readonly BindingRow[]> {
    try {
      return await this.#get(`/api/exchanges/${segment(vhost)}/${segment(exchange)}/bindings/source`);
    } catch {
      // a dead-letter exchange need not exist: dead letters are dropped then
      return [];
    }
  }

  /** A name that no queue has is no queue. */
  #reach({ vhost, exchange, sources }: Way, queue: string | undefined): void {
    const row = queue === undefined ? undefined : this.#rows.get(keyOf(vhost, queue));
    if (row !== undefined) this.#note(row, sources).exchanges.add(exchange);
  }

  #addOfService(row: QueueRow): void {
    const [, service] = DEAD_OF_SERVICE.exec(row.name) ?? [];
    const inbox = `${service}.in`;
    if (service !== undefined && this.#rows.has(keyOf(row.vhost, inbox))) this.#note(row, [inbox]);
  }

  #note(row: QueueRow, sources: Iterable<string>): Found {
    const key = keyOf(row.vhost, row.name);
    const found = this.#found.get(key) ?? { row, sources: new Set(), exchanges: new Set() };
    for (const source of sources) found.sources.add(source);
    this.#found.set(key, found);
    return found;
  }
}

/** An argument goes before a policy, and has another prefix. */
function settingOf(row: QueueRow, name: string): string | undefined {
  const value = row.arguments?.[`x-${name}`] ?? row.effective_policy_definition?.[name];
  return typeof value === 'string' ? exchangeFromPath(value) : undefined;
}

function keyOf(...names: readonly string[]): string {
  return JSON.stringify(names);
}
