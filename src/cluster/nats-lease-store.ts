/**
 * The lease and the records of the nodes in a key-value bucket of NATS, under the keys `lease` and `node.<name>`.
 *
 * What changes is found by asking now and then, and soon after somebody published something: a subscription hears of that before it is
 * written, and of what is refused then, so it is a hint only. A consumer of the bucket would know a few milliseconds earlier, and nothing
 * for a minute when the server dies that has it.
 */
import type { KV, KvEntry } from '@nats-io/kv';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { StorageError, textOf } from '../storage/file/storage-error.ts';
import {
  codeOfAnswer,
  STREAM_NOT_FOUND,
  saysSomebodyWasFirst,
  streamMissing,
} from '../storage/jetstream/nats-answer.ts';
import type { NatsConnection, NatsLink } from '../storage/jetstream/nats-connection.ts';
import { directGet } from '../storage/jetstream/nats-direct.ts';
import { bucketName, bucketStreamName } from '../storage/jetstream/nats-names.ts';
import { readLeaseRecord, VACANT_LEASE } from './lease-record.ts';
import type { LeaseEntry, LeaseRecord, LeaseStore } from './lease-store.ts';
import { nodeKey, nodeNameOf } from './node-key.ts';
import type { NodeEntry, NodeRecords } from './node-records.ts';
import { RepeatedLook } from './repeated-look.ts';

const LEASE = 'lease';
const NODES = 'node.>';
/** What is not answered for so long is in doubt. */
const ANSWER_MS = 1_000;
const LEASE_LOOK_MS = 500;
const NODES_LOOK_MS = 2_000;
/** A node that has not written for so long is forgotten, name and all. */
const NODE_KEPT_MS = 24 * 3_600_000;
/** As many as a server gives at once. */
const NODES_MAX = 1_000;

/** Opens what `cluster` writes down. Rejects with NATS_UNSAFE when there is no such bucket, with NATS_UNREACHABLE when nobody answers. */
export async function openLeaseStore(
  connection: NatsConnection,
  cluster: string,
): Promise<LeaseStore & NodeRecords> {
  const store = new NatsLeaseStore(connection, bucketName(cluster), bucketStreamName(cluster));
  await store.read();
  return store;
}

class NatsLeaseStore implements LeaseStore, NodeRecords {
  readonly #connection: NatsConnection;
  readonly #bucket: string;
  readonly #stream: string;
  /** Of the subjects of the keys. */
  readonly #prefix: string;

  constructor(connection: NatsConnection, bucket: string, stream: string) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#stream = stream;
    this.#prefix = `$KV.${bucket}.`;
  }

  async read(): Promise<LeaseEntry | undefined> {
    const entry = await this.#ask('read', (bucket) => bucket.get(LEASE));
    return entry === null ? undefined : { record: this.#recordOf(entry), revision: entry.revision };
  }

  async write(record: LeaseRecord, after: number): Promise<number | undefined> {
    const options = { previousSeq: after, timeout: ANSWER_MS };
    try {
      return await this.#ask('write', (bucket) => bucket.put(LEASE, JSON.stringify(record), options));
    } catch (error) {
      if (saysSomebodyWasFirst(error)) return undefined;
      throw error;
    }
  }

  watch(onEntry: (entry: LeaseEntry) => void): () => void {
    let newest = 0;
    return this.#watch(LEASE, LEASE_LOOK_MS, async () => {
      const entry = await this.read();
      if (entry === undefined || entry.revision <= newest) return;
      newest = entry.revision;
      onEntry(entry);
    });
  }

  async putNode(name: string, text: string): Promise<void> {
    await this.#ask('nodes', (bucket) => bucket.put(nodeKey(name), text, { timeout: ANSWER_MS }));
  }

  async removeNode(name: string): Promise<void> {
    await this.#ask('nodes', (bucket) => bucket.delete(nodeKey(name)));
  }

  watchNodes(onEntry: (entry: NodeEntry) => void): () => void {
    const newest = new Map<string, number>();
    return this.#watch(NODES, NODES_LOOK_MS, async () => {
      for (const entry of await this.#nodes()) {
        if (entry.revision <= (newest.get(entry.name) ?? 0)) continue;
        newest.set(entry.name, entry.revision);
        onEntry(entry);
      }
    });
  }

  /** Calls `look` now and then, and soon after something may have changed under `keys`. */
  #watch(keys: string, everyMs: number, look: () => Promise<void>): () => void {
    // Nobody answers: the next look may find somebody who does.
    const repeated = new RepeatedLook(everyMs, () => look().catch(() => undefined));
    let hints: Subscription | undefined;
    const forget = this.#connection.onLink(({ connection }) => {
      hints = connection.subscribe(`${this.#prefix}${keys}`, { callback: () => repeated.hint() });
      repeated.hint();
    });
    return () => {
      repeated.end();
      forget();
      hints?.unsubscribe();
    };
  }

  async #nodes(): Promise<NodeEntry[]> {
    const query = { multi_last: [`${this.#prefix}${NODES}`], batch: NODES_MAX };
    const messages = await this.#connection.ask(this.#topic('nodes'), ANSWER_MS, (link) =>
      directGet(link, this.#stream, query),
    );
    const oldest = Date.now() - NODE_KEPT_MS;
    const isOld = ({ headers }: Msg): boolean => Date.parse(headers?.get('Nats-Time-Stamp') ?? '') < oldest;
    for (const message of messages.filter(isOld)) await this.#forgetNode(message);
    return messages.map((message) => this.#nodeEntryOf(message)).filter((entry) => entry !== undefined);
  }

  /** Else each name that a node ever had would be looked at for ever. One that is written meanwhile stays. */
  async #forgetNode({ headers }: Msg): Promise<void> {
    const [filter, revision] = [headers?.get('Nats-Subject') ?? '', Number(headers?.get('Nats-Sequence'))];
    await this.#connection.ask(this.#topic('nodes'), ANSWER_MS, ({ api }) =>
      api.streams.purge(this.#stream, { filter, seq: revision + 1 }),
    );
  }

  #nodeEntryOf({ headers, data }: Msg): NodeEntry | undefined {
    const name = nodeNameOf((headers?.get('Nats-Subject') ?? '').slice(this.#prefix.length));
    if (name === undefined) return undefined;
    return {
      name,
      text: headers?.has('KV-Operation') ? undefined : new TextDecoder().decode(data),
      revision: Number(headers?.get('Nats-Sequence')),
    };
  }

  #recordOf(entry: KvEntry): LeaseRecord {
    // Somebody removed the key by hand: its revisions go on, and the log belongs to nobody.
    if (entry.operation !== 'PUT') return VACANT_LEASE;
    const record = readLeaseRecord(entry.string());
    if (record !== undefined) return record;
    throw new StorageError(
      'NATS_UNSAFE',
      `the key ${LEASE} of bucket ${this.#bucket} is no lease that this version of Leveret can read: ` +
        'run the same version on all nodes, or stop all nodes and delete the key',
    );
  }

  async #ask<T>(topic: string, request: (bucket: KV) => Promise<T>): Promise<T> {
    const asked = async (link: NatsLink): Promise<T> => request(await link.kv.open(this.#bucket));
    try {
      return await this.#connection.ask(this.#topic(topic), ANSWER_MS, asked);
    } catch (error) {
      throw this.#unanswered(error);
    }
  }

  #topic(topic: string): string {
    return `bucket ${this.#bucket} (${topic})`;
  }

  #unanswered(error: unknown): unknown {
    if (error instanceof StorageError || saysSomebodyWasFirst(error)) return error;
    if (codeOfAnswer(error) === STREAM_NOT_FOUND) return streamMissing(this.#stream);
    return new StorageError(
      'NATS_UNREACHABLE',
      `the bucket ${this.#bucket} does not answer at ${this.#connection.servers}: ${textOf(error)}. A majority of the servers must be there`,
      error,
    );
  }
}
