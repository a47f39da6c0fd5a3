/**
 * Bytes that are no valid AMQP 0-9-1. Always a hard error: after it nothing that follows in the stream can be trusted.
 * `replyCode` is FRAME_ERROR (501), SYNTAX_ERROR (502) or COMMAND_INVALID (503).
 */
export class CodecError extends Error {
  readonly replyCode: number;

  constructor(replyCode: number, text: string) {
    super(text);
    this.name = 'CodecError';
    this.replyCode = replyCode;
  }
}
