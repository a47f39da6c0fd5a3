/**
 * The two families of protocol errors (AMQP 0-9-1, section 1.2 "error codes"). They are thrown anywhere in core and
 * caught in one place, `Connection`, which turns them into channel.close or connection.close.
 */

/** A soft error: closes the channel, the connection goes on. */
export class ChannelError extends Error {
  readonly replyCode: number;
  /** Class and method id of the method that failed, as `classId << 16 | methodId`; 0 when unknown. */
  readonly methodKey: number;

  constructor(replyCode: number, replyText: string, methodKey = 0) {
    super(replyText);
    this.name = 'ChannelError';
    this.replyCode = replyCode;
    this.methodKey = methodKey;
  }
}

/** A hard error: closes the connection. */
export class ConnectionError extends Error {
  readonly replyCode: number;
  readonly methodKey: number;

  constructor(replyCode: number, replyText: string, methodKey = 0) {
    super(replyText);
    this.name = 'ConnectionError';
    this.replyCode = replyCode;
    this.methodKey = methodKey;
  }
}
