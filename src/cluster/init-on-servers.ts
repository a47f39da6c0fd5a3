import type { BrokerEvent } from '../core/environment.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { connectNats } from '../storage/jetstream/nats-connection.ts';
import { type InitOptions, type InitResult, initCluster } from './cluster-init.ts';

/** Where the servers are, and what is to be made there. */
export interface InitOnServersOptions extends InitOptions {
  readonly servers: readonly string[];
  /** Files; none when absent. */
  readonly credentials?: string;
  readonly ca?: string;
  onEvent(event: BrokerEvent): void;
}

export type InitOnServersResult =
  | { readonly kind: 'done'; readonly streams: readonly InitResult[] }
  /** NATS_UNREACHABLE, or NATS_UNSAFE when something is there that is not as it must be. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Connects to the servers, makes what a cluster needs, and disconnects. */
export async function initOnServers(options: InitOnServersOptions): Promise<InitOnServersResult> {
  try {
    const connection = await connectNats({ ...options, name: 'leveret cluster init' });
    try {
      return { kind: 'done', streams: await initCluster(connection, options) };
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { kind: 'refused', code: error.code, message: error.message };
  }
}
