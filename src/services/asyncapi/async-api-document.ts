/** What `leveret asyncapi` prints: the parts of AsyncAPI 3.0 that contracts need (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: 'application/json';
  readonly channels: Named<Channel>;
  readonly operations: Named<Operation>;
  readonly components: { readonly messages: Named<Message>; readonly schemas: Named<JsonSchema> };
}

/** By name. The names are those of contracts and queues behind a word of ours, so that none is special to JavaScript. */
export type Named<T> = Readonly<Record<string, T>>;

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Reference {
  readonly $ref: string;
}

export interface Channel {
  /** A routing key, or the name of a queue; null for the queue of a caller. */
  readonly address: string | null;
  readonly description: string;
  readonly messages: Named<Reference>;
  readonly parameters?: Named<{ readonly description: string }>;
  readonly bindings?: { readonly amqp: ExchangeBinding | QueueBinding };
}

export interface ExchangeBinding {
  readonly is: 'routingKey';
  readonly exchange: {
    readonly name: string;
    readonly type: 'topic';
    readonly durable: true;
    readonly autoDelete: false;
  };
  readonly bindingVersion: '0.3.0';
}

export interface QueueBinding {
  readonly is: 'queue';
  readonly queue: {
    readonly name: string;
    readonly durable: true;
    readonly exclusive: false;
    readonly autoDelete: false;
  };
  readonly bindingVersion: '0.3.0';
}

export interface Operation {
  readonly action: 'send' | 'receive';
  readonly summary: string;
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: {
    readonly address: { readonly location: string; readonly description: string };
    readonly channel: Reference;
    readonly messages: readonly Reference[];
  };
  readonly bindings: {
    readonly amqp: {
      readonly deliveryMode: 1 | 2;
      readonly mandatory: boolean;
      readonly timestamp: true;
      readonly ack: true;
      readonly bindingVersion: '0.3.0';
    };
  };
  /** Where the messages wait for whoever receives them. */
  readonly 'x-queues'?: readonly string[];
}

export interface Message {
  readonly name: string;
  readonly summary: string;
  readonly contentType: 'application/json';
  readonly payload: Reference;
  readonly headers?: JsonSchema;
  readonly correlationId?: { readonly location: string };
  readonly bindings: {
    readonly amqp: { readonly messageType: string; readonly bindingVersion: '0.3.0' };
  };
}
