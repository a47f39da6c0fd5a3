/** What publishers sent over AMQP since the start. */
export class ReceivedMessages {
  /** How many bodies were of at most `SIZE_BOUNDS[i]` bytes, and larger than the bound before; the last ones have no bound. */
  readonly sizeCounts: Float64Array = new Float64Array(SIZE_BOUNDS.length + 1);
  bodyBytes = 0;
  /** Messages to be confirmed, of the channels that are closed. */
  toConfirmOfClosed = 0;

  /** Runs per message. */
  add(bodyBytes: number): void {
    this.bodyBytes += bodyBytes;
    let index = 0;
    while (index < SIZE_BOUNDS.length && bodyBytes > (SIZE_BOUNDS[index] as number)) index++;
    (this.sizeCounts[index] as number)++;
  }
}

/** As RabbitMQ has them in rabbitmq_message_size_bytes. */
export const SIZE_BOUNDS: readonly number[] = [100, 1e3, 1e4, 1e5, 1e6, 1e7, 5e7, 1e8];
