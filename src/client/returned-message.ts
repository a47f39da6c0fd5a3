import { IncomingMessage } from './incoming-message.ts';
import type { TransportReturn } from './transport.ts';

/** A mandatory message that no queue took. */
export class ReturnedMessage extends IncomingMessage {
  readonly replyCode: number;
  readonly replyText: string;

  constructor(content: TransportReturn) {
    super(content);
    this.replyCode = content.replyCode;
    this.replyText = content.replyText;
  }
}
