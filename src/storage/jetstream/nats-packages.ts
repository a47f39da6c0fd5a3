import { StorageError } from '../file/storage-error.ts';

/** The client of NATS, which is loaded only by who uses it. */
export interface NatsPackages {
  readonly transport: typeof import('@nats-io/transport-node');
  readonly jetstream: typeof import('@nats-io/jetstream');
  readonly kv: typeof import('@nats-io/kv');
}

const NAMES = '@nats-io/transport-node @nats-io/jetstream @nats-io/kv';

/** Rejects with a StorageError NATS_UNREACHABLE when one of them is not installed. */
export async function loadNatsPackages(): Promise<NatsPackages> {
  try {
    const [transport, jetstream, kv] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
      import('@nats-io/kv'),
    ]);
    return { transport, jetstream, kv };
  } catch (error) {
    throw new StorageError(
      'NATS_UNREACHABLE',
      `the client of NATS cannot be loaded (${String(error)}): npm install ${NAMES}`,
      error,
    );
  }
}
