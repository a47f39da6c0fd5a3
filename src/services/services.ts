// biome-ignore-all lint/performance/noBarrelFile: the entry of the package, not for use inside it
/**
 * The public entry `leveret/services`: microservices that talk over queues. Each has its own database and cache, and each
 * message has its effect once.
 *
 * @example
 * import { command, event, run, service } from 'leveret/services';
 */
export type { AsyncApiDocument } from './asyncapi/async-api-document.ts';
export { type AsyncApiOptions, asyncApiOf } from './asyncapi/async-api-of.ts';
export type { Cache, CacheOptions } from './cache/cache.ts';
export type { BaseContext, CallOptions, Context, EmitOptions, Means } from './context.ts';
export {
  type AnyCommand,
  type AnyContract,
  type AnyEvent,
  type Command,
  type CommandOptions,
  command,
  type Event,
  type EventOptions,
  event,
  type GotBy,
  type ReplyGotFrom,
  type ReplySentTo,
  type Schema,
  type SentBy,
} from './contract.ts';
export type {
  BatchHandler,
  BatchOptions,
  Handler,
  HandlerOptions,
  Part,
  RateOptions,
  Recurring,
  RecurringOptions,
} from './part.ts';
export type { RetryOptions } from './retry-options.ts';
export type {
  App,
  EmitAppOptions,
  Health,
  ResultOptions,
  RunOptions,
  SentCommand,
  UnitHealth,
} from './runtime/app.ts';
export {
  type HealthServer,
  type HealthServerOptions,
  type HealthSource,
  openHealthServer,
} from './runtime/health-server.ts';
export { run } from './runtime/run.ts';
export type { ServiceEvent } from './runtime/service-event.ts';
export { type Done, done, type Saga, SagaBuilder, type SagaContext, type SagaOptions } from './saga.ts';
export {
  type ClaimCheckOptions,
  type DatabaseOptions,
  type HandlerFor,
  type ScaleOptions,
  Service,
  type ServiceOptions,
  service,
  type Unit,
} from './service.ts';
export {
  Fatal,
  NoConsumer,
  PayloadInvalid,
  type PayloadIssue,
  Rejected,
  Timeout,
} from './service-failures.ts';
export type { Database, Row, SqlValue } from './store/database.ts';
export { StoreError, type StoreErrorCode } from './store/store-error.ts';
