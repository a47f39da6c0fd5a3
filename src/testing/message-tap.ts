import type { DirectChannel } from '../client/direct-channel.ts';
import { headerValues } from '../client/header-values.ts';
import type { FieldTable } from '../codec/field-table.ts';
import { HEADER } from '../services/wire.ts';

/** A message that was published, as the broker's tracer copied it. */
export interface TappedMessage {
  readonly exchange: string;
  readonly messageId: string | undefined;
  readonly headers: FieldTable;
  readonly body: Uint8Array;
}

const TRACE_EXCHANGE = 'amq.rabbitmq.trace';

/** Keeps what is published to a broker: the first of those with the same message id. */
export class MessageTap {
  readonly #messages: TappedMessage[] = [];
  readonly #seen: Set<string> = new Set();

  /** The vhost of the channel has tracing switched on. */
  static async open(channel: DirectChannel): Promise<MessageTap> {
    const tap = new MessageTap();
    const { queue } = await channel.queueDeclare('', { exclusive: true });
    await channel.queueBind(queue, TRACE_EXCHANGE, { routingKey: 'publish.#' });
    await channel.consume(
      queue,
      ({ properties, body }) => tap.#keep(properties.headers ?? new Map(), body.slice()),
      { noAck: true },
    );
    return tap;
  }

  /** In the order in which the broker got them. */
  to(exchange: string): TappedMessage[] {
    return this.#messages.filter((message) => message.exchange === exchange);
  }

  #keep(trace: FieldTable, body: Uint8Array): void {
    const exchange = trace.get('exchange_name')?.value;
    const properties = trace.get('properties')?.value;
    if (typeof exchange !== 'string' || exchange === '' || !(properties instanceof Map)) return;
    const headers = properties.get('headers')?.value;
    const messageId = properties.get('message_id')?.value;
    this.#add({
      exchange,
      messageId: typeof messageId === 'string' ? messageId : undefined,
      headers: headers instanceof Map ? headers : new Map(),
      body,
    });
  }

  /** What asks for the result of a command that was sent before is no command. */
  #add(message: TappedMessage): void {
    if (headerValues(message.headers).has(HEADER.resultOnly)) return;
    const identity = message.messageId && `${message.exchange} ${message.messageId}`;
    if (identity !== undefined && this.#seen.has(identity)) return;
    if (identity !== undefined) this.#seen.add(identity);
    this.#messages.push(message);
  }
}
