import type { BasicProperties } from '../codec/properties.ts';
import { decodeBody, decodeJson, decodeText } from './body-encoding.ts';
import { type HeaderValue, headerValues } from './header-values.ts';
import { originOf } from './retry-headers.ts';
import type { TransportContent } from './transport.ts';

const NO_HEADERS: ReadonlyMap<string, HeaderValue> = new Map();

/** A message from the broker. */
export class IncomingMessage {
  readonly #content: TransportContent;
  #headers: ReadonlyMap<string, HeaderValue> | undefined;

  constructor(content: TransportContent) {
    this.#content = content;
  }

  /** To which it was published. A message that is tried again keeps the exchange and routing key of the first time. */
  get exchange(): string {
    return originOf(this.#content).exchange;
  }

  get routingKey(): string {
    return originOf(this.#content).routingKey;
  }

  /** The body, as it came. */
  get bytes(): Uint8Array {
    return this.#content.body;
  }

  /** The body by its content-type: a value of JSON, a text, or bytes. Throws `BodyUnreadable`. */
  get body(): unknown {
    return decodeBody(this.#content.body, this.#content.properties.contentType);
  }

  /** The body as a text, whatever its content-type says. Throws `BodyUnreadable` when it is no UTF-8. */
  text(): string {
    return decodeText(this.#content.body);
  }

  /** The body as a value of JSON, whatever its content-type says. Throws `BodyUnreadable`. Nothing checks that it is a `T`. */
  json<T = unknown>(): T {
    return decodeJson(this.#content.body) as T;
  }

  get headers(): ReadonlyMap<string, HeaderValue> {
    const { headers } = this.#content.properties;
    this.#headers ??= headers === undefined ? NO_HEADERS : headerValues(headers);
    return this.#headers;
  }

  /** All properties of AMQP, with headers that know their types. */
  get properties(): Readonly<BasicProperties> {
    return this.#content.properties;
  }

  get messageId(): string | undefined {
    return this.#content.properties.messageId;
  }

  get contentType(): string | undefined {
    return this.#content.properties.contentType;
  }

  get correlationId(): string | undefined {
    return this.#content.properties.correlationId;
  }

  get replyTo(): string | undefined {
    return this.#content.properties.replyTo;
  }

  get type(): string | undefined {
    return this.#content.properties.type;
  }

  get timestamp(): Date | undefined {
    const { timestamp } = this.#content.properties;
    return timestamp === undefined ? undefined : new Date(timestamp * 1000);
  }
}
