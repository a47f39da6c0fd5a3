import type { HeaderValue } from './header-values.ts';

/** The errors of the client. Each has a stable `code`; docs/client.md lists them. */

/** No queue took a message that was published with `mandatory` (basic.return). */
export class Returned extends Error {
  readonly code = 'RETURNED';
  /** 312 when no queue was found; 313 when nobody consumed and `immediate` was asked for. */
  readonly replyCode: number;
  readonly replyText: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;

  constructor(message: MessageName, replyCode: number, replyText: string) {
    super(
      `${nameOf(message)} came back: ${replyCode} ${replyText}; declare and bind a queue for it, or publish it without mandatory`,
    );
    this.name = 'Returned';
    this.replyCode = replyCode;
    this.replyText = replyText;
    this.exchange = message.exchange;
    this.routingKey = message.routingKey;
    this.messageId = message.messageId;
  }
}

/** A queue refused a message with basic.nack: it is full, and its overflow is reject-publish. */
export class Rejected extends Error {
  readonly code = 'REJECTED';
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;

  constructor(message: MessageName) {
    super(`${nameOf(message)} was refused with basic.nack: a queue is full; publish it again later`);
    this.name = 'Rejected';
    this.exchange = message.exchange;
    this.routingKey = message.routingKey;
    this.messageId = message.messageId;
  }
}

/** The broker refused what was asked for, and closed the channel: 404 for what does not exist, 403 for what is not allowed, ... */
export class Refused extends Error {
  readonly code = 'REFUSED';
  readonly replyCode: number;
  readonly replyText: string;

  constructor(replyCode: number, replyText: string, what?: string) {
    super(`${what === undefined ? 'the broker' : `${what}: the broker`} answered ${replyCode} ${replyText}`);
    this.name = 'Refused';
    this.replyCode = replyCode;
    this.replyText = replyText;
  }
}

/** A queue or exchange of that name is there already, and is another one. */
export class TopologyMismatch extends Error {
  readonly code = 'TOPOLOGY_MISMATCH';
  readonly kind: 'exchange' | 'queue';
  /** The name of the queue or exchange. */
  readonly resource: string;
  /** What differs: `durable`, `type`, `x-message-ttl`, ... */
  readonly argument: string;
  /** As the broker writes it. */
  readonly declared: string;
  readonly existing: string;

  constructor(difference: TopologyDifference) {
    const { kind, resource, argument, declared, existing } = difference;
    super(
      `${kind} '${resource}' exists with another '${argument}': declared ${declared}, existing ${existing}; change the declaration, or delete the ${kind} first`,
    );
    this.name = 'TopologyMismatch';
    this.kind = kind;
    this.resource = resource;
    this.argument = argument;
    this.declared = declared;
    this.existing = existing;
  }
}

export interface TopologyDifference {
  readonly kind: 'exchange' | 'queue';
  readonly resource: string;
  readonly argument: string;
  readonly declared: string;
  readonly existing: string;
}

/** The client was closed before it was done, or it was used afterwards. */
export class Closed extends Error {
  readonly code = 'CLOSED';

  constructor(why = 'close() was called', cause?: unknown) {
    super(`the client is closed: ${why}`, cause === undefined ? {} : { cause });
    this.name = 'Closed';
  }
}

/** It took longer than was allowed. What was published may have arrived all the same. */
export class Timeout extends Error {
  readonly code = 'TIMEOUT';
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number) {
    super(`${what} within ${timeoutMs} ms`);
    this.name = 'Timeout';
    this.timeoutMs = timeoutMs;
  }
}

/** Some messages of a batch were not confirmed. */
export class BatchFailed extends Error {
  readonly code = 'BATCH_FAILED';
  /** Those that failed, by their place in the batch. All others were confirmed. */
  readonly failures: ReadonlyMap<number, Error>;

  constructor(failures: ReadonlyMap<number, Error>, messageCount: number) {
    const [first] = failures.values();
    super(
      `${failures.size} of ${messageCount} messages of the batch failed, the first one: ${first?.message}`,
    );
    this.name = 'BatchFailed';
    this.failures = failures;
  }
}

/** Whoever handled a call answered with an error: it dead-lettered the request. */
export class CallFailed extends Error {
  readonly code = 'CALL_FAILED';
  /** As whoever handled it said it. */
  readonly reason: string;
  /** Of the answer. */
  readonly headers: ReadonlyMap<string, HeaderValue>;

  constructor(reason: string, messageId: string, headers: ReadonlyMap<string, HeaderValue>) {
    super(`call ${messageId} failed where it was handled: ${reason}`);
    this.name = 'CallFailed';
    this.reason = reason;
    this.headers = headers;
  }
}

/** A body is not what its content-type says. */
export class BodyUnreadable extends Error {
  readonly code = 'BODY_UNREADABLE';

  constructor(text: string, cause?: unknown) {
    super(text, cause === undefined ? {} : { cause });
    this.name = 'BodyUnreadable';
  }
}

interface MessageName {
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string;
}

function nameOf({ exchange, routingKey, messageId }: MessageName): string {
  return `message '${messageId}' to exchange '${exchange}' with routing key '${routingKey}'`;
}
