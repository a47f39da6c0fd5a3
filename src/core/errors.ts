/**
 * The two families of protocol errors (AMQP 0-9-1, section 1.2 "error codes"). They are thrown anywhere in core and
 * caught in one place, `Connection`, which turns them into channel.close or connection.close.
 */

/** A soft error: closes the channel, the connection goes on. */
export class ChannelError extends Error {
  readonly replyCode: number;

  constructor(replyCode: number, replyText: string) {
    super(replyText);
    this.name = 'ChannelError';
    this.replyCode = replyCode;
  }
}

/** A hard error: closes the connection. */
export class ConnectionError extends Error {
  readonly replyCode: number;

  constructor(replyCode: number, replyText: string) {
    super(replyText);
    this.name = 'ConnectionError';
    this.replyCode = replyCode;
  }
}
