// biome-ignore-all lint/performance/noBarrelFile: the entry of the package, not for use inside it
/**
 * The public entry `leveret/client`: a client of an AMQP broker, over the network or inside the process.
 *
 * @example
 * import { connect } from 'leveret/client';
 *
 * const client = await connect('amqp://guest:guest@localhost');
 * await client.declare({ queues: [{ queue: 'hello' }] });
 * await client.consume('hello', (delivery) => console.log(delivery.text()));
 * await client.publish({ routingKey: 'hello', body: 'Hello World!' });
 * await client.drain();
 * await client.close();
 */
export { type FieldTable, field, tableOf } from '../codec/field-table.ts';
export type { OutcomeStatus } from '../core/outcome/ending.ts';
export type { Outcome } from '../core/outcome/outcome.ts';
export {
  Client,
  type ClientEvents,
  connect,
  type QueueCounts,
  type ReconnectAttempt,
} from './amqp-client.ts';
export type { BackoffOptions } from './backoff.ts';
export type { Body } from './body-encoding.ts';
export type { Patience } from './bounded-wait.ts';
export type { CallOptions } from './caller.ts';
export {
  BatchFailed,
  BodyUnreadable,
  CallFailed,
  Closed,
  Refused,
  Rejected,
  Returned,
  Timeout,
  TopologyMismatch,
} from './client-failures.ts';
export type { ClientOptions } from './client-options.ts';
export type { TableInput } from './delivery.ts';
export type { EmbeddedBroker } from './direct-transport.ts';
export type { ConsumeHandler } from './handler-runner.ts';
export type { HeaderValue } from './header-values.ts';
export type { IncomingDelivery, RetryOptions } from './incoming-delivery.ts';
export type { IncomingMessage } from './incoming-message.ts';
export type { BrokerAddress } from './open-transport.ts';
export { type OutcomeOptions, outcomeOf } from './outcome-of.ts';
export type { OutgoingMessage, PublishOptions } from './outgoing-message.ts';
export type {
  ConsumeOptions,
  Consumer,
  Deliveries,
  FailurePolicy,
  HandlerOptions,
} from './queue-consumer.ts';
export type { ReturnedMessage } from './returned-message.ts';
export type {
  BindingDeclaration,
  DeclaredQueue,
  DeclaredTopology,
  ExchangeDeclaration,
  QueueDeclaration,
  TopologyDeclaration,
  TopologyDeletion,
} from './topology.ts';
