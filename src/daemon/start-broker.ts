import { callListener, throwUncaught } from '../client/call-listener.ts';
import type { BrokerEvent } from '../core/environment.ts';
import { redact } from '../core/redact.ts';
import type { StorageError } from '../storage/file/storage-error.ts';
import { startClusterNode } from './cluster-node.ts';
import type { SpanTracer } from './open-telemetry.ts';
import { checkCombinations } from './option-combinations.ts';
import type { OptionName, OptionValues } from './options.ts';
import { checkListeners, checkOptions } from './read-options.ts';
import type { RunningBroker } from './running-broker.ts';
import { startSingleNode } from './single-node.ts';

// biome-ignore-start lint/performance/noBarrelFile: the entry of the package, whose users want to tell these apart.
export { ListenError } from '../server/listen-error.ts';
export { StorageError, type StorageErrorCode } from '../storage/file/storage-error.ts';
export { OptionError } from './option-error.ts';
export type { CloseOptions, RunningBroker } from './running-broker.ts';

// biome-ignore-end lint/performance/noBarrelFile: as above

type SharedOptions = {
  readonly [N in Exclude<OptionName, 'amqpPort' | 'httpPort' | 'amqpsPort' | 'httpsPort' | 'logLevel'>]?:
    | OptionInput<N>
    | undefined;
};
/** A list may be a text with commas in it, and a size a text with its unit: `'64MiB'`. */
type OptionInput<N extends OptionName> = N extends
  | 'host'
  | 'loopbackUsers'
  | 'oauthAlgorithms'
  | 'oauthUsernameClaims'
  | 'httpHostNames'
  | 'nats'
  | 'natsMonitor'
  ? string | readonly string[]
  : N extends 'maxMessageSize' | 'frameMax' | 'memoryHighWatermark' | 'memoryBudget' | 'diskFreeLimit'
    ? number | string
    : OptionValues[N];

/** The options of `startBroker`. docs/configuration.md describes each; those that are absent have their default. */
export interface StartBrokerOptions extends SharedOptions {
  /** The port for AMQP clients, 5672 if absent. 0: any free one, see `RunningBroker.url`. false: none. */
  readonly amqpPort?: number | false | undefined;
  /** The port of the HTTP API, none if absent. 0: any free one, see `RunningBroker.httpUrl`. */
  readonly httpPort?: number | false | undefined;
  /** The port for AMQP over TLS, 5671 if absent. Only with `tlsCert`. */
  readonly amqpsPort?: number | false | undefined;
  /** The port for the HTTP API over TLS, none if absent. Only with `tlsCert`. */
  readonly httpsPort?: number | false | undefined;
  /** Takes what an operator may want to read in a log. Texts may hold names that strangers chose. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /**
   * Called when the disk failed in a way that leaves no safe way to go on: the broker has stopped then, nothing that it
   * confirmed is lost, and it can be started again. Without it the error is thrown where nobody catches it, so that the
   * process ends.
   */
  readonly onFailure?: ((reason: StorageError) => void) | undefined;
  /** A tracer of OpenTelemetry: messages with a header `traceparent` become spans of it. Needs the package `@opentelemetry/api`. */
  readonly tracer?: SpanTracer | undefined;
}

/**
 * Starts an AMQP 0-9-1 broker in this process. Any number of them can run at the same time, each on a port of its own
 * or on none. A listening broker keeps the process alive; one without a port does not. Messages are kept in memory, or on
 * disk when `dataDir` is given, or, with `storage: 'jetstream'`, on the servers of a NATS cluster: then this is one of several nodes, and
 * it is started when its doors are open, whichever of them owns the messages.
 *
 * @throws OptionError (`code` BAD_OPTION) for an option that is not known or not valid.
 * @throws ListenError (`code` ADDRESS_IN_USE and others) when the port cannot be had.
 * @throws StorageError (`code` DATA_DIR_IN_USE, DATA_DAMAGED and others) when the data directory cannot be used; NATS_UNREACHABLE and
 *   NATS_UNSAFE when the servers do not answer, or are not set up so that they keep what they confirm.
 *
 * @example A broker on a free port, used by any AMQP client
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: 0 });
 * console.log(`connect to ${broker.url}`);
 * await broker.close();
 * ```
 *
 * @example A broker whose durable queues and persistent messages are there again after a restart
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: 0, dataDir: './queues' });
 * await broker.close();
 * ```
 *
 * @example A broker without any port, for this process only
 * ```ts
 * import { startBroker } from 'leveret';
 *
 * const broker = await startBroker({ amqpPort: false });
 * const connection = await broker.connect();
 * await connection.close();
 * await broker.close();
 * ```
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const { onEvent = ignoreEvent, onFailure = throwUncaught, tracer, ...others } = options;
  checkListeners({ onEvent, onFailure });
  const values = checkOptions(others);
  checkCombinations(values);
  const nodeListeners = {
    onEvent: ({ level, text }: BrokerEvent) => callListener(() => onEvent({ level, text: redact(text) })),
    onFailure: (reason: StorageError) => callListener(() => onFailure(reason)),
    ...(tracer && { tracer }),
  };
  return values.storage === 'jetstream'
    ? startClusterNode(values, nodeListeners)
    : startSingleNode(values, nodeListeners);
}

function ignoreEvent(): void {}
