/** The messages of a dead-letter queue in groups: which of them died of the same. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeProperties } from '../../codec/properties.ts';
import type { Broker } from '../../core/broker.ts';
import type { BrowsedMessage } from '../../core/queue/queue-browser.ts';
import type { ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { type DeadLetter, deadLetterOf } from './dead-letter.ts';
import { DEAD_LETTERS_SCHEMA } from './dead-letters-schema.ts';
import { timeText } from './message-output.ts';
import { RequestInput } from './request-input.ts';
import { LOOKED_AT_MAX, placeOfText, placeText, scanQueue } from './scan-queue.ts';
import { queueFor } from './v1-session.ts';

const LOOKED_AT_DEFAULT = 10_000;
/** Errors that name an order each would make one of every message. */
const GROUPS_MAX = 200;
const ROUTING_KEYS_SHOWN_MAX = 5;
const FIELDS: ReadonlySet<string> = new Set(['from', 'max']);

export function deadLetterRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/queues/:vhost/:queue/dead-letters', { schema: DEAD_LETTERS_SCHEMA }, (request) =>
    showGroups(context, request),
  );
}

async function showGroups(context: ManagementContext, request: FastifyRequest): Promise<unknown> {
  const { broker } = context;
  const { queue } = queueFor(context, request);
  const input = new RequestInput('query', request.query, FIELDS);
  const lookedAtMax = input.integer('max', { min: 1, max: LOOKED_AT_MAX }) ?? LOOKED_AT_DEFAULT;
  const from = input.text('from');
  const start = from === undefined ? queue.browser().start : placeOfText('query/from', from);
  const groups = new Groups(queue.name);
  const work = await SlicedWork.begin();
  const { lookedAt, next } = await scanQueue(broker, queue, start, lookedAtMax, work, (message) => {
    groups.add(message);
    return true;
  });
  return {
    ...groups.json(broker),
    looked_at: lookedAt,
    next: next === undefined ? null : placeText(next),
  };
}

interface Group {
  readonly letter: DeadLetter;
  readonly routingKeys: Set<string>;
  readonly samplePosition: string;
  count: number;
  oldestMs: number;
  newestMs: number;
}

class Groups {
  readonly #source: string;
  readonly #groups = new Map<string, Group>();
  /** Messages that no group was left for. */
  #other = 0;

  constructor(source: string) {
    this.#source = source;
  }

  add(message: BrowsedMessage): void {
    const { record } = message;
    const { headers } = decodeProperties(record.bytes, record.addressEnd, record.bodyStart);
    const letter = deadLetterOf(headers, this.#source);
    const group = this.#groupOf(letter, message);
    if (group === undefined) {
      this.#other++;
      return;
    }
    group.count++;
    group.oldestMs = Math.min(group.oldestMs, record.arrivalMs);
    group.newestMs = Math.max(group.newestMs, record.arrivalMs);
    for (const key of letter.routingKeys)
      if (group.routingKeys.size < ROUTING_KEYS_SHOWN_MAX) group.routingKeys.add(key);
  }

  #groupOf(letter: DeadLetter, message: BrowsedMessage): Group | undefined {
    const { reason, queue, exchange, error } = letter;
    const key = JSON.stringify([reason, queue, exchange, error]);
    const known = this.#groups.get(key);
    if (known !== undefined || this.#groups.size >= GROUPS_MAX) return known;
    const { arrivalMs } = message.record;
    const group = {
      letter,
      routingKeys: new Set<string>(),
      samplePosition: placeText(message),
      count: 0,
      oldestMs: arrivalMs,
      newestMs: arrivalMs,
    };
    this.#groups.set(key, group);
    return group;
  }

  /** The largest group first. */
  json(broker: Broker): Record<string, unknown> {
    const groups = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    return { groups: groups.map((group) => groupJson(broker, group)), other: this.#other };
  }
}

function groupJson(broker: Broker, group: Group): Record<string, unknown> {
  const { reason, queue, exchange, error } = group.letter;
  return {
    reason: reason ?? null,
    queue: queue ?? null,
    exchange: exchange ?? null,
    error: error ?? null,
    routing_keys: [...group.routingKeys],
    count: group.count,
    oldest_at: timeText(broker, group.oldestMs),
    newest_at: timeText(broker, group.newestMs),
    sample_position: group.samplePosition,
  };
}
