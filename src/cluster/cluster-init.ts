import { performance } from 'node:perf_hooks';
import type { StreamConfig } from '@nats-io/jetstream';
import { StorageError, textOf } from '../storage/file/storage-error.ts';
import type { NatsConnection } from '../storage/jetstream/nats-connection.ts';
import { streamInfo } from './cluster-streams.ts';
import { configOf, differencesOf, faultsOf, type WantedStream, wantedStreams } from './wanted-streams.ts';

export interface InitOptions {
  readonly cluster: string;
  /** On how many servers each stream is. */
  readonly replicas: number;
  /** What each of the two logs may take of a disk; no limit of its own unless given. */
  readonly maxBytes?: number;
  /** How long is tried to make something. */
  readonly withinMs?: number;
}

/** What there is now. */
export interface InitResult {
  /** `stream LEVERET_orders_main`, `bucket LEVERET_orders` */
  readonly what: string;
  /** False: it was there, and is as it should be. */
  readonly isNew: boolean;
}

const ANSWER_MS = 5_000;
const PATIENCE_MS = 10_000;
const RETRY_MS = 250;

/**
 * Makes the streams and the bucket of a cluster where they are missing. Rejects with NATS_UNSAFE, before it makes anything, when
 * one is there and differs.
 */
export async function initCluster(
  connection: NatsConnection,
  options: InitOptions,
): Promise<readonly InitResult[]> {
  checkReplicas(options.replicas);
  const wanted = wantedStreams(options.cluster);
  const { withinMs = PATIENCE_MS } = options;
  const missing = await patiently(withinMs, () => missingOf(connection, wanted, options));
  for (const each of missing) await make(connection, each, options);
  return wanted.map((each) => ({ what: each.what, isNew: missing.includes(each) }));
}

function checkReplicas(replicas: number): void {
  if ([1, 3, 5].includes(replicas)) return;
  throw new StorageError(
    'NATS_UNSAFE',
    `replicas is ${replicas}: 3 or 5 are allowed, and 1 where losing everything is`,
  );
}

async function missingOf(
  connection: NatsConnection,
  wanted: readonly WantedStream[],
  { replicas, maxBytes = -1 }: InitOptions,
): Promise<WantedStream[]> {
  const missing: WantedStream[] = [];
  const wrong: string[] = [];
  for (const each of wanted) {
    const info = await streamInfo(connection, each.name);
    if (info === undefined) missing.push(each);
    else wrong.push(...faultsOf(each, info, 1), ...differencesOf(each, info, replicas, maxBytes));
  }
  if (wrong.length === 0) return missing;
  throw new StorageError(
    'NATS_UNSAFE',
    `nothing was made, because what is there differs:\n${wrong.map((each) => `- ${each}`).join('\n')}\n` +
      'Change it with `nats stream edit`, or choose another --cluster-name',
  );
}

async function make(connection: NatsConnection, wanted: WantedStream, options: InitOptions): Promise<void> {
  const { replicas, maxBytes = -1, withinMs = PATIENCE_MS } = options;
  const config = configOf(wanted, replicas, maxBytes) as Partial<StreamConfig> & { name: string };
  try {
    await patiently(withinMs, () =>
      connection.ask(wanted.what, ANSWER_MS, ({ api }) => api.streams.add(config)),
    );
  } catch (error) {
    throw notMade(wanted, replicas, error);
  }
}

/** Servers that were started a moment ago know each other only after some seconds. */
async function patiently<T>(withinMs: number, attempt: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isFinal = error instanceof StorageError && error.code === 'NATS_UNSAFE';
      if (isFinal || performance.now() >= untilMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function notMade(wanted: WantedStream, replicas: number, error: unknown): StorageError {
  return new StorageError(
    'NATS_UNSAFE',
    `${wanted.what} with ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} could not be made: ${textOf(error)}. ` +
      'As many servers in a cluster, with JetStream on and room, are needed',
    error,
  );
}
