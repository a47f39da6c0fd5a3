// biome-ignore-all lint/performance/noBarrelFile: the entry of the package, not for use inside it
/**
 * The public entry `leveret/client`: an in-process AMQP connection to an embedded broker.
 *
 * @example
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: false });
 * const connection = await broker.connect();
 * const channel = await connection.createChannel();
 * await channel.queueDeclare('hello');
 * await channel.publish({ routingKey: 'hello', body: 'Hello World!' });
 * const message = await channel.get('hello', { noAck: true });
 * await broker.close();
 */
export { type FieldTable, field, tableOf } from '../codec/field-table.ts';
export type { OutcomeStatus } from '../core/outcome/ending.ts';
export type { Outcome } from '../core/outcome/outcome.ts';
export type {
  BindingOptions,
  ConsumeOptions,
  Consumer,
  DeclaredQueue,
  DeliveriesOptions,
  ExchangeDeclareOptions,
  QosOptions,
  QueueDeclareOptions,
  QueueDeleteOptions,
} from './channel-options.ts';
export { ChannelClosedError, ConnectionClosedError, PublishRefusedError } from './client-errors.ts';
export type { DeliveryHandler } from './consumer-registry.ts';
export type {
  AckOptions,
  Delivery,
  DeliveryReference,
  DeliveryResult,
  GottenMessage,
  Publication,
  PublishProperties,
  ReceivedMessage,
  RejectOptions,
  ReturnedMessage,
  TableInput,
} from './delivery.ts';
export { DirectChannel } from './direct-channel.ts';
export { DirectConnection, type DirectConnectionOptions, openDirectConnection } from './direct-connection.ts';
export { type OutcomeOptions, outcomeOf } from './outcome-of.ts';
