/** A channel that the broker closed because of an error, or that was used after it had been closed. */
export class ChannelClosedError extends Error {
  /** AMQP's reply code, as 404 for a queue that does not exist; 200 when this side closed the channel itself. */
  readonly replyCode: number;
  readonly replyText: string;

  constructor(replyCode: number, replyText: string) {
    super(`the channel is closed: ${replyCode} ${replyText}`);
    this.name = 'ChannelClosedError';
    this.replyCode = replyCode;
    this.replyText = replyText;
  }
}

/** A connection that the broker closed because of an error, or that was used after it had been closed. */
export class ConnectionClosedError extends Error {
  /** AMQP's reply code, as 320 when the broker shuts down; 200 when this side closed the connection itself. */
  readonly replyCode: number;
  readonly replyText: string;

  constructor(replyCode: number, replyText: string) {
    super(`the connection is closed: ${replyCode} ${replyText}`);
    this.name = 'ConnectionClosedError';
    this.replyCode = replyCode;
    this.replyText = replyText;
  }
}

/** A message that the broker refused with basic.nack: a queue with overflow reject-publish was full, for example. */
export class PublishRefusedError extends Error {
  /** The number of the message on its channel, counted from 1 since confirm.select. */
  readonly deliveryTag: number;

  constructor(deliveryTag: number) {
    super(
      `the broker refused message ${deliveryTag} of this channel with basic.nack; publish it again later`,
    );
    this.name = 'PublishRefusedError';
    this.deliveryTag = deliveryTag;
  }
}
