/**
 * Reads a run of entries, fast: whoever has a replica is asked for some megabytes at once, and for the next ones while these are
 * handed out. A replica that is behind, or that lost something, gives fewer or leaves some out; so whether they follow each other is looked
 * at here, and what is missing is asked of the leader.
 *
 * Measured with 200 MB in entries of 64 KiB: 0.55 s of processor time here and 0.65 s in the servers. An ordered consumer takes 0.4 to 0.5 s
 * and 0.7 s, and would have to be made anew, at the right place, whenever the server dies that has it.
 */
import { performance } from 'node:perf_hooks';
import { StorageError, textOf } from '../file/storage-error.ts';
import type { NatsConnection, NatsLink } from './nats-connection.ts';
import { directGet } from './nats-direct.ts';
import type { ReplicatedLogState } from './replicated-log.ts';

export interface EntrySource {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** As `ReplicatedLog.entry`. */
  entry(sequence: number): Promise<Uint8Array | undefined>;
  /** As `ReplicatedLog.state`. */
  state(): Promise<ReplicatedLogState>;
}

interface Entry {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

const BATCH_ENTRIES = 1_000;
/** Two of them are in memory. */
const BATCH_BYTES = 4 << 20;
/** To find a server to ask. */
const LINK_MS = 1_000;
/** Without a single entry. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 100;

export async function readEntries(
  source: EntrySource,
  from: number,
  to: number,
  onEntry: (sequence: number, bytes: Uint8Array) => Promise<void> | void,
): Promise<void> {
  let batch = from <= to ? fetchEntries(source, from, to) : undefined;
  while (batch !== undefined) {
    const entries = await batch;
    const next = (entries.at(-1) as Entry).sequence + 1;
    batch = next <= to ? fetchEntries(source, next, to) : undefined;
    // Whoever ends this loop early has no more interest in it.
    batch?.catch(() => undefined);
    for (const { sequence, bytes } of entries) {
      const taken = onEntry(sequence, bytes);
      if (taken !== undefined) await taken;
    }
  }
}

/** One entry at least, from `from` on, without a gap. */
async function fetchEntries(source: EntrySource, from: number, to: number): Promise<readonly Entry[]> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const tried = await tryToFetch(source, from, to);
    if (Array.isArray(tried)) return tried;
    if (performance.now() >= untilMs) {
      throw new StorageError(
        'NATS_UNREACHABLE',
        `stream ${source.stream}: entry ${from} could not be read within ${PATIENCE_MS} ms: ${tried}. ` +
          'A majority of the servers must be there',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What was found; or why there is nothing yet. Rejects when there never will be. */
async function tryToFetch(source: EntrySource, from: number, to: number): Promise<Entry[] | string> {
  let entries: Entry[];
  try {
    entries = await source.connection.ask(`a replica of ${source.stream}`, LINK_MS, (link) =>
      batchOf(link, source.stream, from, Math.min(to - from + 1, BATCH_ENTRIES)),
    );
  } catch (error) {
    return textOf(error);
  }
  const gap = entries.findIndex((entry, index) => entry.sequence !== from + index);
  if (gap !== -1) entries.length = gap;
  return entries.length > 0 ? entries : askLeader(source, from);
}

async function askLeader(source: EntrySource, sequence: number): Promise<Entry[] | string> {
  try {
    const bytes = await source.entry(sequence);
    if (bytes !== undefined) return [{ sequence, bytes }];
    const { first, last } = await source.state();
    // A leader that does not even know of it is one that has been replaced.
    if (last < sequence) return `its leader has entries up to ${last} only`;
    throw entryMissing(source.stream, sequence, first, last);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'NATS_UNREACHABLE') return error.message;
    throw error;
  }
}

function entryMissing(stream: string, sequence: number, first: number, last: number): StorageError {
  return new StorageError(
    'DATA_DAMAGED',
    `stream ${stream} is damaged: entry ${sequence} is not there, of ${first} to ${last}. A limit of the stream, or somebody who ` +
      'removed messages by hand, may have done it. Nothing was changed; restore the stream from a backup',
  );
}

/** Up to `count` entries from `from` on, as a replica has them; fewer, or with gaps, or none, if it has not got them. */
async function batchOf(link: NatsLink, stream: string, from: number, count: number): Promise<Entry[]> {
  const messages = await directGet(link, stream, { seq: from, batch: count, max_bytes: BATCH_BYTES });
  return messages.map((message) => ({
    sequence: Number(message.headers?.get('Nats-Sequence')),
    // The client gives a Buffer now and then, whose `slice` does not copy.
    bytes: new Uint8Array(message.data.buffer, message.data.byteOffset, message.data.byteLength),
  }));
}
