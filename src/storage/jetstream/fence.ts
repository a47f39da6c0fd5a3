/**
 * A new owner fences both streams before it reads either: with an entry of its own at the end of a stream, whoever appended
 * there before can never do so again, because the place that it would append to is taken.
 *
 *     ... | entry of epoch 6 | entry of epoch 6 | FENCE, epoch 7 | entries of epoch 7 ...
 *                                               ^ what the owner of epoch 6 still has under way is refused from here on
 *
 * The epoch is decided by main: of two that fence at the same time, only one gets the place behind the entry that both have seen.
 * Who then finds a fence in cold that is not older than its own was overtaken.
 */

import { StorageError } from '../file/storage-error.ts';
import {
  ENTRY_HEADER_BYTES,
  type EntryHeader,
  type EntryStream,
  nextBlockOf,
  readEntry,
  writeEntryHeader,
} from './entry.ts';
import type { EntryAppender } from './entry-appender.ts';
import type { Patience } from './patience.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { otherEntryVersion, ownershipLost, streamDamaged } from './stream-errors.ts';

/** How often a stream is asked for what it must have, before that counts as lost: a server may be behind for a while. */
const LOOKS_MAX = 12;
const LOOK_AGAIN_MS = 250;

/** What fencing a stream needs. */
export interface FencedStream {
  readonly log: ReplicatedLog;
  readonly stream: EntryStream;
  readonly appender: EntryAppender;
  readonly patience: Patience;
  /** A random number from 0 to 2^32 - 1 that names the stream should it be empty. */
  readonly identity: number;
  /** A random number below 2^53: who appends. */
  readonly writer: number;
  holdsLease(): boolean;
}

/**
 * Fences main and cold. Resolves to their fences once both are there. `epochSeen`: of an owner that there was, as is known from
 * elsewhere.
 */
export async function fenceStreams(
  main: FencedStream,
  cold: FencedStream,
  epochSeen: number,
): Promise<{ readonly main: EntryHeader; readonly cold: EntryHeader }> {
  const mainFence = await fenceMain(main, cold, epochSeen);
  return { main: mainFence, cold: await fenceCold(cold, mainFence.epoch) };
}

async function fenceMain(main: FencedStream, cold: FencedStream, epochSeen: number): Promise<EntryHeader> {
  for (let looks = 1; ; looks++) {
    // In this order: what main says is at least as new.
    const ofCold = await newestEntry(cold);
    const ofMain = await newestEntry(main);
    const loss = lossBetween(main, ofMain, cold, ofCold) ?? lossSince(epochSeen, main, ofMain);
    if (loss === undefined) {
      const epoch = 1 + Math.max(ofMain?.epoch ?? 0, ofCold?.epoch ?? 0);
      const fence = await appendFence(main, ofMain, epoch);
      if (fence !== undefined) return fence;
      await main.patience.wait('a former owner still appends');
    } else {
      if (looks >= LOOKS_MAX) throw loss;
      await main.patience.wait(loss.message, LOOK_AGAIN_MS);
    }
  }
}

async function fenceCold(cold: FencedStream, epoch: number): Promise<EntryHeader> {
  for (;;) {
    const newest = await newestEntry(cold);
    if (newest !== undefined && newest.epoch >= epoch) {
      throw ownershipLost(cold.log.name, `a node with epoch ${newest.epoch} came after this one`);
    }
    const fence = await appendFence(cold, newest, epoch);
    if (fence !== undefined) return fence;
    await cold.patience.wait('a former owner still appends');
  }
}

/**
 * Main is fenced before cold, and cold before anything is put in main. So each can tell that the other was lost and made again.
 */
function lossBetween(
  main: FencedStream,
  ofMain: EntryHeader | undefined,
  cold: FencedStream,
  ofCold: EntryHeader | undefined,
): StorageError | undefined {
  const mainEpoch = ofMain?.epoch ?? 0;
  if (ofCold !== undefined && mainEpoch < ofCold.epoch) {
    return streamDamaged(
      main.log.name,
      `its newest entry is one of epoch ${mainEpoch}, and ${cold.log.name} is at epoch ${ofCold.epoch}`,
    );
  }
  if (ofCold === undefined && ofMain !== undefined && nextBlockOf(ofMain) > 1) {
    return streamDamaged(
      cold.log.name,
      `it is empty, and ${main.log.name} has had ${nextBlockOf(ofMain) - 1} blocks`,
    );
  }
  return undefined;
}

/** Both streams were lost, or are older ones. */
function lossSince(
  epochSeen: number,
  { log }: FencedStream,
  newest: EntryHeader | undefined,
): StorageError | undefined {
  const epoch = newest?.epoch ?? 0;
  if (epoch >= epochSeen) return undefined;
  return streamDamaged(
    log.name,
    `its newest entry is one of epoch ${epoch}, and there was an owner with epoch ${epochSeen}`,
  );
}

/** The newest entry; undefined: there never was one. */
async function newestEntry(fenced: FencedStream): Promise<EntryHeader | undefined> {
  const { log, patience } = fenced;
  for (let looks = 1; ; looks++) {
    checkLease(fenced);
    const seen = await lookAtEnd(log);
    if (seen.kind === 'empty' || seen.kind === 'entry') patience.reset();
    if (seen.kind === 'empty') return undefined;
    if (seen.kind === 'entry') return soundHeader(fenced, seen.sequence, seen.bytes);
    if (seen.kind === 'missing' && looks >= LOOKS_MAX) {
      throw streamDamaged(log.name, `entry ${seen.sequence}, its newest one, is missing`);
    }
    await patience.wait(seen.reason);
  }
}

/** What is at the end of a stream. */
type End =
  | { readonly kind: 'empty' }
  | { readonly kind: 'entry'; readonly sequence: number; readonly bytes: Uint8Array }
  | { readonly kind: 'missing'; readonly sequence: number; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

async function lookAtEnd(log: ReplicatedLog): Promise<End> {
  try {
    const { last } = await log.state();
    if (last === 0) return { kind: 'empty' };
    const bytes = await log.entry(last);
    if (bytes !== undefined) return { kind: 'entry', sequence: last, bytes };
    return { kind: 'missing', sequence: last, reason: `entry ${last} is not there` };
  } catch (error) {
    if (error instanceof StorageError && error.code === 'NATS_UNREACHABLE') {
      return { kind: 'unreachable', reason: error.message };
    }
    throw error;
  }
}

function soundHeader({ log, stream }: FencedStream, sequence: number, bytes: Uint8Array): EntryHeader {
  const reading = readEntry(bytes, { stream, sequence, identity: undefined });
  switch (reading.kind) {
    case 'sound':
      return reading.header;
    case 'other-version':
      throw otherEntryVersion(log.name, sequence, reading.version);
    case 'damaged':
      throw streamDamaged(log.name, `entry ${sequence} ${reading.what}`);
  }
}

/** Puts a fence behind `newest`; undefined: something else is there by now. */
async function appendFence(
  fenced: FencedStream,
  newest: EntryHeader | undefined,
  epoch: number,
): Promise<EntryHeader | undefined> {
  const { appender, stream, writer } = fenced;
  const fence: EntryHeader = {
    kind: 'fence',
    stream,
    identity: newest?.identity ?? fenced.identity,
    sequence: (newest?.sequence ?? 0) + 1,
    epoch,
    writer,
    oldest: newest?.oldest ?? 1,
    firstBlock: newest === undefined ? 1 : nextBlockOf(newest),
    blockCount: 0,
    part: 0,
    partCount: 1,
    batchBytes: 0,
  };
  const entry = new Uint8Array(ENTRY_HEADER_BYTES);
  writeEntryHeader(entry, fence);
  for (;;) {
    const fate = await appender.append(fence.sequence, entry);
    checkLease(fenced);
    if (fate.kind === 'full') {
      await appender.waitForRoom();
      continue;
    }
    appender.hasRoom();
    return fate.kind === 'appended' ? fence : undefined;
  }
}

function checkLease({ log, holdsLease }: FencedStream): void {
  if (!holdsLease()) throw ownershipLost(log.name, 'the lease of this node ended before it had taken over');
}
