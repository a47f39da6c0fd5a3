/**
 * The firehose: a copy of each message that is published in a vhost, and of each that is delivered, to the topic exchange
 * amq.rabbitmq.trace (RabbitMQ: "Firehose tracer"). Copies are made when it happens and published in a turn of their own: the
 * queue that a delivery came from may be one that the copy goes to.
 */
import { SHORTSTR_BYTES_MAX, shortenUtf8 } from '../../codec/bytes.ts';
import { CodecError } from '../../codec/errors.ts';
import { type Field, type FieldTable, field } from '../../codec/field-table.ts';
import { type BasicProperties, checkProperties, encodeProperties } from '../../codec/properties.ts';
import { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { Pumpable, Runtime } from '../runtime.ts';
import { routingKeys } from './route-finder.ts';

export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';

/** On whose behalf a message moved. */
export interface TraceOrigin {
  readonly nodeName: string;
  readonly connectionName: string;
  /** 0: no channel. */
  readonly channelNumber: number;
  readonly username: string;
}

/** The names of properties in a trace. */
const PROPERTY_NAMES: ReadonlyArray<readonly [name: string, property: keyof BasicProperties]> = [
  ['content_type', 'contentType'],
  ['content_encoding', 'contentEncoding'],
  ['headers', 'headers'],
  ['delivery_mode', 'deliveryMode'],
  ['priority', 'priority'],
  ['correlation_id', 'correlationId'],
  ['reply_to', 'replyTo'],
  ['expiration', 'expiration'],
  ['message_id', 'messageId'],
  ['timestamp', 'timestamp'],
  ['type', 'type'],
  ['user_id', 'userId'],
  ['app_id', 'appId'],
  ['cluster_id', 'clusterId'],
];

/** What the headers of a trace may take: they have to fit into one frame. */
const HEADER_BYTES_MAX = 120 * 1024;

export class Tracer implements Pumpable {
  due = false;
  readonly #runtime: Runtime;
  readonly #vhost: string;
  readonly #publish: (trace: Publication) => void;
  #waiting: Publication[] = [];

  /** `publish`: sends a trace through the exchange that its address names. */
  constructor(runtime: Runtime, vhost: string, publish: (trace: Publication) => void) {
    this.#runtime = runtime;
    this.#vhost = vhost;
    this.#publish = publish;
  }

  /** `publication` goes to `queues`. */
  published(publication: Publication, queues: readonly Queue[], origin: TraceOrigin): void {
    const routed = field.array(queues.map(({ name }) => field.string(name)));
    this.#trace(`publish.${publication.exchange}`, publication, origin, [['routed_queues', routed]]);
  }

  /** `publication`, with bytes of its own, goes from `queue` to somebody. */
  delivered(queue: string, publication: Publication, redelivered: boolean, origin: TraceOrigin): void {
    const flag = field.int(redelivered ? 1 : 0);
    this.#trace(`deliver.${queue}`, publication, origin, [['redelivered', flag]]);
  }

  /** Publishes what was traced since the last turn: no more than happened in one turn. */
  pump(): number {
    this.due = false;
    const traces = this.#waiting;
    this.#waiting = [];
    for (const trace of traces) this.#publish(trace);
    return traces.length;
  }

  #trace(
    routingKey: string,
    publication: Publication,
    origin: TraceOrigin,
    extra: ReadonlyArray<readonly [string, Field]>,
  ): void {
    // What the tracer itself published would be traced for ever.
    if (publication.exchange === TRACE_EXCHANGE) return;
    const properties = propertyTable(publication.properties());
    const headers: FieldTable = new Map([
      ['exchange_name', field.string(publication.exchange)],
      ['routing_keys', field.array(keysOf(publication).map(field.string))],
      ['properties', field.table(properties)],
      ['node', field.string(origin.nodeName)],
      ['vhost', field.string(this.#vhost)],
      ['connection', field.string(origin.connectionName)],
      ['channel', field.int(origin.channelNumber)],
      ['user', field.string(origin.username)],
      ...extra,
    ]);
    if (!canBeSent(headers)) properties.delete('headers');
    const body = publication.body.slice(publication.bodyStart, publication.bodyEnd);
    const key = shortenUtf8(routingKey, SHORTSTR_BYTES_MAX);
    this.#waiting.push(Publication.of(TRACE_EXCHANGE, key, { headers }, body));
    this.#runtime.markDue(this);
  }
}

function keysOf(publication: Publication): readonly string[] {
  return routingKeys(publication) ?? [publication.routingKey];
}

function propertyTable(properties: BasicProperties): FieldTable {
  const table: FieldTable = new Map();
  for (const [name, property] of PROPERTY_NAMES) {
    const value = properties[property];
    if (value === undefined) continue;
    if (typeof value === 'string') table.set(name, field.string(value));
    else table.set(name, typeof value === 'number' ? field.int(value) : field.table(value));
  }
  return table;
}

/** A message may have headers as deep and as large as they may be: inside of a trace they would be too deep, or too large. */
function canBeSent(headers: FieldTable): boolean {
  const encoded = encodeProperties({ headers });
  if (encoded.length > HEADER_BYTES_MAX) return false;
  try {
    checkProperties(encoded, 0, encoded.length);
    return true;
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}
