import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { checkBroker, checkCrashState, recoverImage } from './crash-check.ts';
import { crashChoices } from './crash-choices.ts';
import type { CrashPoint } from './crash-point.ts';
import { crashPoints } from './crash-points.ts';
import { type DiskImage, operationText } from './disk-operation.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { type Epoch, type HistoryOptions, workloadEpochs } from './workload-history.ts';

/**
 * Of every so many states: one is recovered twice; one is served by a whole broker, whose clients look at all queues; and one
 * is recovered again after a crash in the middle of its recovery.
 */
const SECOND_START_EVERY = 8;
const BROKER_EVERY = 16;
const CRASH_IN_RECOVERY_EVERY = 256;
const STATES_PER_POINT_OF_RECOVERY = 6;
const EVENTS_SHOWN = 20;

export interface EnumerationOptions extends HistoryOptions {
  /** Points with more states are sampled. */
  readonly statesPerPointMax: number;
}

export interface EnumerationTotals {
  states: number;
  points: number;
  /** Points all of whose states were looked at. */
  exhaustedPoints: number;
  /** States that a whole broker served. */
  brokers: number;
  /** Of the states: those that a crash in the middle of a recovery left. */
  recoveryStates: number;
}

/**
 * Lets the workload of a seed run, and then lets it crash everywhere: after each disk operation, with all that the crash may
 * leave. Throws for the first state that is wrong.
 */
export async function enumerateCrashes(
  options: EnumerationOptions,
  totals: EnumerationTotals,
): Promise<void> {
  for await (const epoch of workloadEpochs(options)) {
    for (const point of crashPoints(epoch.disk.initial, epoch.disk.journal, epoch.firstEvent)) {
      await crashAt(point, epoch, options, totals);
    }
  }
}

async function crashAt(
  point: CrashPoint,
  epoch: Epoch,
  options: EnumerationOptions,
  totals: EnumerationTotals,
): Promise<void> {
  const { statesPerPointMax } = options;
  const random = new SeededRandom(options.seed * 31 + point.eventCount);
  totals.points++;
  if (point.stateCount <= statesPerPointMax) totals.exhaustedPoints++;
  for (const choice of crashChoices(point, statesPerPointMax, random)) {
    totals.states++;
    await explained(epoch.disk, point, choice, async () => {
      const time = epoch.timeBase + point.eventCount;
      const image = point.image(choice);
      const checked = await checkCrashState(image, epoch, time, options);
      const { disk, text } = checked;
      if (totals.states % SECOND_START_EVERY === 0) await startAgain(disk.image(), text, options);
      if (totals.states % BROKER_EVERY === 0) {
        await checkBroker(image, checked, epoch, time, options);
        totals.brokers++;
      }
      if (totals.states % CRASH_IN_RECOVERY_EVERY === 0) await crashInRecovery(disk, text, options, totals);
    });
  }
}

/** The start after a crash crashes, too: after each operation of the recovery. */
async function crashInRecovery(
  disk: SimulatedDisk,
  recovered: string,
  options: EnumerationOptions,
  totals: EnumerationTotals,
): Promise<void> {
  for (const point of crashPoints(disk.initial, disk.journal)) {
    const random = new SeededRandom(point.eventCount);
    for (const choice of crashChoices(point, STATES_PER_POINT_OF_RECOVERY, random)) {
      totals.states++;
      totals.recoveryStates++;
      await explained(disk, point, choice, () => startAgain(point.image(choice), recovered, options));
    }
  }
}

async function startAgain(image: DiskImage, expected: string, options: EnumerationOptions): Promise<void> {
  const { text } = await recoverImage(image, options);
  if (text !== expected)
    throw new Error(`a second start found:\n${text}\n-- and the first one:\n${expected}`);
}

/** An error of `check` says which state it is about. */
async function explained(
  { journal }: SimulatedDisk,
  point: CrashPoint,
  choice: readonly number[],
  check: () => Promise<void>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    const { eventCount } = point;
    const events = journal.slice(Math.max(0, eventCount - EVENTS_SHOWN), eventCount);
    const files = [...point.image(choice)].map(([name, bytes]) => `${name} (${bytes.length} bytes)`);
    const lines = [
      `crash after event ${eventCount} of ${journal.length}, choice ${choice.join(',')}: ${files.join(', ')}`,
      ...events.map(({ phase, operation }) => `  ${phase} ${operationText(operation)}`),
      error instanceof Error ? error.message : String(error),
    ];
    throw new Error(lines.join('\n'), { cause: error });
  }
}
