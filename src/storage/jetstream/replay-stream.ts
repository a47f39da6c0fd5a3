import type { PageFiles } from '../file/page-files.ts';
import { StorageError } from '../file/storage-error.ts';
import type { StorageEvents } from '../file/storage-events.ts';
import type { StorageTimer } from '../file/storage-timer.ts';
import type { ReplayReceiver } from '../log-engine.ts';
import type { EntryHeader } from './entry.ts';
import { EntryReplay } from './entry-replay.ts';
import { PageAssembly } from './page-assembly.ts';
import type { PagePlaces } from './page-places.ts';
import { Patience } from './patience.ts';
import type { ReplicatedLog, ReplicatedLogState } from './replicated-log.ts';
import { ownershipLost, streamDamaged } from './stream-errors.ts';

export interface ReplaySource {
  readonly log: ReplicatedLog;
  /** The replay goes up to this one, which is there. */
  readonly fence: EntryHeader;
  /** Each page is copied to it. */
  readonly copies: PageFiles;
  readonly events: StorageEvents;
  readonly timer: StorageTimer;
  holdsLease(): boolean;
}

/** How often the stream is asked whether another node removed what is missing. */
const LOOKS_MAX = 5;
const LOOK_AGAIN_MS = 250;

export interface ReplayedStream {
  /** The first block there is, or the next one when there is none. */
  readonly firstBlock: number;
  readonly state: ReplicatedLogState;
}

/** Hands out what the stream holds before its fence, and notes where the pages are. */
export async function replayStream(
  source: ReplaySource,
  receiver: ReplayReceiver,
  places: PagePlaces,
): Promise<ReplayedStream> {
  const patience = new Patience(source.log.name, source.events, source.timer);
  try {
    return await readStream(source, patience, receiver, places);
  } catch (error) {
    const isDamaged = error instanceof StorageError && error.code === 'DATA_DAMAGED';
    if (isDamaged && (await wasOvertaken(source, patience))) {
      throw ownershipLost(source.log.name, 'another node took over while this one read the log');
    }
    throw error;
  }
}

async function readStream(
  source: ReplaySource,
  patience: Patience,
  receiver: ReplayReceiver,
  places: PagePlaces,
): Promise<ReplayedStream> {
  const { log, fence } = source;
  const state = await whileUnreachable(source, patience, () => log.state());
  checkFront(source, state);
  const replay = new EntryReplay(log.name, fence);
  const pages = new PageAssembly(receiver, source.copies, places);
  // What was taken before a connection broke is not read again.
  await whileUnreachable(source, patience, () =>
    log.read(replay.next, fence.sequence, async (sequence, entry) => {
      checkLease(source);
      patience.reset();
      const batch = replay.take(sequence, entry);
      if (batch !== undefined) await pages.add(batch);
    }),
  );
  if (replay.next !== fence.sequence + 1) {
    throw streamDamaged(log.name, `entries ${replay.next} to ${fence.sequence} are missing`);
  }
  await pages.flush();
  return { firstBlock: replay.firstBlock, state };
}

function checkFront({ log, fence }: ReplaySource, { first }: ReplicatedLogState): void {
  if (first <= fence.oldest) return;
  throw streamDamaged(
    log.name,
    `entries ${fence.oldest} to ${first - 1} are missing, which are still needed: a limit of the stream (max_age, max_bytes ` +
      'or max_msgs with discard old) or a purge by hand has removed them',
  );
}

/** Whether somebody appends behind the fence: then what is missing may be what that node did not need any more. */
async function wasOvertaken(source: ReplaySource, patience: Patience): Promise<boolean> {
  const { log, fence } = source;
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const { last } = await whileUnreachable(source, patience, () => log.state());
    if (last > fence.sequence) return true;
    await patience.wait(`what is missing before entry ${fence.sequence} is looked for`, LOOK_AGAIN_MS);
  }
  return false;
}

/** Tries until somebody answers, for as long as this node holds the lease. */
async function whileUnreachable<T>(
  source: ReplaySource,
  patience: Patience,
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    checkLease(source);
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'NATS_UNREACHABLE')) throw error;
      await patience.wait(error.message);
    }
  }
}

function checkLease({ log, holdsLease }: ReplaySource): void {
  if (!holdsLease()) throw ownershipLost(log.name, 'the lease of this node ended while it read the log');
}
