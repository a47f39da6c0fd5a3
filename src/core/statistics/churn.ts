/** What came and went since the start, monotonic: RabbitMQ's `churn_rates`. */
export class Churn {
  /** From connection.open on: who only knocks is not counted. */
  connectionsOpened = 0;
  connectionsClosed = 0;
  channelsOpened = 0;
  channelsClosed = 0;
  /** All queue.declare that succeeded, whether the queue was there or not; passive ones are not among them. */
  queuesDeclared = 0;
  queuesCreated = 0;
  queuesDeleted = 0;
}
