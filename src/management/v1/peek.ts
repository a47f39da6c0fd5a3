/** Looking into a queue without changing it, and searching it, in slices. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Broker } from '../../core/broker.ts';
import type { MessageRecord } from '../../core/message/message-record.ts';
import { Publication } from '../../core/message/publication.ts';
import type { BrowsedMessage, BrowsePlace } from '../../core/queue/queue-browser.ts';
import { jsonOfField } from '../field-json.ts';
import { sendPieces } from '../json-array.ts';
import type { ManagementContext } from '../management-context.ts';
import type { PayloadEncoding } from '../payload-text.ts';
import { SlicedWork } from '../work-slices.ts';
import { ANSWER_BYTES_MAX, encodingOf } from './leased-message.ts';
import { messageJson, timeText } from './message-output.ts';
import { PEEK_SCHEMA } from './peek-schema.ts';
import { invalidPart } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { queueFor } from './v1-session.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 1000;
const TRUNCATE_DEFAULT = 50_000;
const TRUNCATE_MAX = 2 ** 24;
/** Messages that one request looks at. */
const LOOKED_AT_MAX = 100_000;
/** Messages at a time, unless the slice is over before. */
const MESSAGES_PER_STEP = 1024;
const HEADER_PREFIX = 'header.';
const PLACE = /^(\d{1,3})-(\d{1,15})$/;
const FIELDS: ReadonlySet<string> = new Set([
  'from',
  'limit',
  'truncate',
  'search',
  'routing_key',
  'message_id',
  'encoding',
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
  const { input, headers } = splitQuery(request.query as Readonly<Record<string, unknown>>);
  const browser = queue.browser();
  const search = new Search(input, headers);
  const view = new View(broker, input);
  const work = await SlicedWork.begin();
  let place: BrowsePlace | undefined = placeOf(input) ?? browser.start;
  let lookedAt = 0;
  while (place !== undefined && !view.isFull && lookedAt < LOOKED_AT_MAX && !queue.deleted) {
    if (work.isDue) await work.pause();
    const result = browser.browse(place, MESSAGES_PER_STEP, (message) => {
      lookedAt++;
      if (search.matches(message.record)) view.add(message);
      // Bodies may be large: one may take a slice of its own.
      return !view.isFull && !work.isDue;
    });
    place = result.next;
    const { fetchPosition } = result;
    if (fetchPosition !== undefined)
      await new Promise<void>((resolve) => broker.runtime.store.fetch(fetchPosition, resolve));
  }
  const next = place === undefined ? null : placeText(place);
  const rest = JSON.stringify({ looked_at: lookedAt, next });
  return sendPieces(reply, ['{"messages":[', ...view.texts, `],${rest.slice(1)}`]);
}

/** The fields with fixed names, and what headers have to be. */
function splitQuery(query: Readonly<Record<string, unknown>>): {
  readonly input: RequestInput;
  readonly headers: ReadonlyMap<string, string>;
} {
  const headers = new Map<string, string>();
  const fields: Record<string, unknown> = Object.create(null);
  for (const name in query) {
    const value = query[name];
    if (!name.startsWith(HEADER_PREFIX)) fields[name] = value;
    else if (typeof value === 'string') headers.set(name.slice(HEADER_PREFIX.length), value);
    else throw invalidPart(`query/${name}`, value, 'it must be given once');
  }
  return { input: new RequestInput('query', fields, FIELDS), headers };
}

function placeOf(input: RequestInput): BrowsePlace | undefined {
  const from = input.text('from');
  if (from === undefined) return undefined;
  const place = PLACE.exec(from);
  if (place !== null) return { priority: Number(place[1]), seq: Number(place[2]) };
  throw invalidPart('query/from', from, "it must be `next` or a position of an earlier answer, like '0-17'");
}

function placeText({ priority, seq }: BrowsePlace): string {
  return `${priority}-${seq}`;
}

/** What messages are looked for. */
class Search {
  readonly #text: Buffer | undefined;
  readonly #routingKey: string | undefined;
  readonly #messageId: string | undefined;
  readonly #headers: ReadonlyMap<string, string>;

  constructor(input: RequestInput, headers: ReadonlyMap<string, string>) {
    const text = input.text('search');
    this.#text = text === undefined ? undefined : Buffer.from(text);
    this.#routingKey = input.text('routing_key');
    this.#messageId = input.text('message_id');
    this.#headers = headers;
  }

  matches(record: MessageRecord): boolean {
    if (this.#text !== undefined && !this.#bodyHolds(record, this.#text)) return false;
    if (this.#routingKey === undefined && this.#messageId === undefined && this.#headers.size === 0)
      return true;
    const publication = Publication.fromRecord(record);
    if (this.#routingKey !== undefined && publication.routingKey !== this.#routingKey) return false;
    if (this.#messageId !== undefined && publication.properties().messageId !== this.#messageId) return false;
    return this.#headersMatch(publication);
  }

  #bodyHolds({ bytes, bodyStart, bodyEnd }: MessageRecord, text: Buffer): boolean {
    return Buffer.from(bytes.buffer, bytes.byteOffset + bodyStart, bodyEnd - bodyStart).includes(text);
  }

  #headersMatch(publication: Publication): boolean {
    const table = publication.headers();
    for (const [name, wanted] of this.#headers) {
      const field = table?.get(name);
      if (field === undefined) return false;
      const value = jsonOfField(field);
      if (wanted !== (typeof value === 'string' ? value : JSON.stringify(value))) return false;
    }
    return true;
  }
}

/** What is shown of the messages that were found. */
class View {
  /** JSON, with a comma before all but the first. */
  readonly texts: string[] = [];
  readonly #broker: Broker;
  readonly #limit: number;
  readonly #truncate: number;
  readonly #encoding: PayloadEncoding;
  #bytes = 0;

  constructor(broker: Broker, input: RequestInput) {
    this.#broker = broker;
    this.#limit = input.integer('limit', { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
    this.#truncate = input.integer('truncate', { min: 0, max: TRUNCATE_MAX }) ?? TRUNCATE_DEFAULT;
    this.#encoding = encodingOf(input);
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
      redelivered,
      return_count: returnCount,
      arrived_at: timeText(this.#broker, arrivalMs),
    };
    this.texts.push(`${this.texts.length === 0 ? '' : ','}${JSON.stringify(json)}`);
  }
}
