/** Looking into a queue without changing it, and searching it, in slices. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../core/broker.ts';
import { Publication } from '../../core/message/publication.ts';
import type { BrowsedMessage } from '../../core/queue/queue-browser.ts';
import { sendPieces } from '../json-array.ts';
import type { ManagementContext } from '../management-context.ts';
import type { PayloadEncoding } from '../payload-text.ts';
import { SlicedWork } from '../work-slices.ts';
import { ANSWER_BYTES_MAX, encodingOf } from './leased-message.ts';
import { messageJson, timeText } from './message-output.ts';
import { MessageSearch, SearchQuery } from './message-search.ts';
import { PEEK_SCHEMA } from './peek-schema.ts';
import type { RequestInput } from './request-input.ts';
import { LOOKED_AT_MAX, placeOfText, placeText, scanQueue } from './scan-queue.ts';
import { typedHeaders } from './typed-headers.ts';
import { queueFor } from './v1-session.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 1000;
const TRUNCATE_DEFAULT = 50_000;
const TRUNCATE_MAX = 2 ** 24;
const FIELDS: ReadonlySet<string> = new Set([
  'from',
  'limit',
  'truncate',
  'search',
  'routing_key',
  'message_id',
  'encoding',
  'typed_headers',
]);

export function peekRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.get('/queues/:vhost/:queue/messages', { schema: PEEK_SCHEMA }, (request, reply) =>
    peek(context, request, reply),
  );
}

async function peek(
  context: ManagementContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { broker } = context;
  const { queue } = queueFor(context, request);
  const query = new SearchQuery(request.query as Readonly<Record<string, unknown>>, FIELDS);
  const { input } = query;
  const from = input.text('from');
  const start = from === undefined ? queue.browser().start : placeOfText('query/from', from);
  const search = new MessageSearch(query);
  const view = new View(broker, input);
  const work = await SlicedWork.begin();
  const { lookedAt, next } = await scanQueue(broker, queue, start, LOOKED_AT_MAX, work, (message) => {
    if (search.matches(message.record)) view.add(message);
    return !view.isFull && !search.isExhausted;
  });
  const rest = JSON.stringify({ looked_at: lookedAt, next: next === undefined ? null : placeText(next) });
  return sendPieces(reply, ['{"messages":[', ...view.texts, `],${rest.slice(1)}`]);
}

/** What is shown of the messages that were found. */
class View {
  /** JSON, with a comma before all but the first. */
  readonly texts: string[] = [];
  readonly #broker: Broker;
  readonly #limit: number;
  readonly #truncate: number;
  readonly #encoding: PayloadEncoding;
  readonly #showsTypes: boolean;
  #bytes = 0;

  constructor(broker: Broker, input: RequestInput) {
    this.#broker = broker;
    this.#limit = input.integer('limit', { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
    this.#truncate = input.integer('truncate', { min: 0, max: TRUNCATE_MAX }) ?? TRUNCATE_DEFAULT;
    this.#encoding = encodingOf(input);
    this.#showsTypes = input.flag('typed_headers') ?? false;
  }

  get isFull(): boolean {
    return this.texts.length >= this.#limit || this.#bytes >= ANSWER_BYTES_MAX;
  }

  add(message: BrowsedMessage): void {
    const { record, redelivered, returnCount } = message;
    const { arrivalMs } = record;
    const publication = Publication.fromRecord(record);
    this.#bytes += Math.min(publication.bodyEnd, this.#truncate) + publication.propertiesEnd;
    const json = {
      position: placeText(message),
      ...messageJson(publication, this.#encoding, this.#truncate),
      ...(this.#showsTypes ? { typed_headers: typedHeaders(publication.headers() ?? new Map()) } : {}),
      redelivered,
      return_count: returnCount,
      arrived_at: timeText(this.#broker, arrivalMs),
    };
    this.texts.push(`${this.texts.length === 0 ? '' : ','}${JSON.stringify(json)}`);
  }
}
