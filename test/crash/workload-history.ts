import type { Random } from '../../src/core/environment.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { BrokerRun, type RunOptions } from './broker-run.ts';
import { crashChoices } from './crash-choices.ts';
import { crashPoints } from './crash-points.ts';
import type { DiskImage } from './disk-operation.ts';
import type { CommittedState } from './observed-store.ts';
import { type DiskFaults, SimulatedDisk } from './simulated-disk.ts';
import { Workload } from './workload.ts';
import { WorkloadDriver } from './workload-driver.ts';
import { WorkloadLedger } from './workload-ledger.ts';

export interface HistoryOptions extends RunOptions {
  readonly seed: number;
  /** How often a client does something, between two restarts. */
  readonly steps: number;
  /** The broker is killed, stopped or loses power so often, and starts again. */
  readonly restarts: number;
  /** What goes wrong with the disk of the first epoch while the broker runs. */
  readonly faults?: DiskFaults | undefined;
}

/** One run of a broker with its clients, from start to end, and all that is needed to judge what a crash leaves of it. */
export interface Epoch {
  readonly disk: SimulatedDisk;
  /** Events of the disk that belong to earlier epochs. */
  readonly firstEvent: number;
  /** The workload's time at the disk's first event. */
  readonly timeBase: number;
  readonly ledger: WorkloadLedger;
  /** What must be there after each group; some of the first are of the epoch before. */
  readonly states: readonly CommittedState[];
}

const NO_FAULTS: DiskFaults = () => undefined;

type Restart = 'kill' | 'stop' | 'power';

/**
 * Lets clients of a seed work, with restarts in between; hands out each epoch before the next one begins, because a
 * restart settles what nobody could know before. Throws when something is wrong already while the broker runs.
 */
export async function* workloadEpochs(options: HistoryOptions): AsyncGenerator<Epoch> {
  const { seed, restarts } = options;
  const random = new SeededRandom(seed);
  const ledger = new WorkloadLedger();
  const numbers = { nextId: 1, nextOrder: 0 };
  let disk = new SimulatedDisk();
  let timeBase = 0;
  let firstEvent = 0;
  let states: readonly CommittedState[] = [{ block: 0, text: '', committedAt: 0, durableAt: 0 }];
  let restart: Restart = 'stop';
  for (let count = 0; ; count++) {
    disk.held = false;
    const run = await BrokerRun.start(disk, options, timeBase);
    ledger.reconcile(run.recovered, run.now);
    assertPossible(run, states, restart);
    disk.held = true;
    if (count === 0) disk.faults = options.faults ?? NO_FAULTS;
    const driver = new WorkloadDriver(run, new Workload(run, ledger, random, numbers), random);
    await driver.work(options.steps);
    disk.faults = NO_FAULTS;
    if (run.failure !== undefined && options.faults === undefined) throw run.failure;
    restart = count === restarts ? 'stop' : pickRestart(random);
    // Nothing that happens from now on is durable: it has to go as it is.
    if (run.failure !== undefined) restart = 'kill';
    if (restart === 'stop') await driver.stop();
    if (restart === 'stop' && run.failure !== undefined) restart = 'kill';
    if (restart === 'kill') run.kill(() => random.uint32() % 2 === 0);
    else if (restart === 'power') run.losePower();
    states = [...states, ...run.store.states];
    yield { disk, firstEvent, timeBase, ledger, states };
    if (count === restarts) return;
    firstEvent = disk.journal.length;
    if (restart !== 'power') continue;
    timeBase += disk.journal.length;
    firstEvent = 0;
    disk = new SimulatedDisk(imageAfterPowerLoss(disk, random));
  }
}

function pickRestart(random: Random): Restart {
  return (['kill', 'stop', 'power'] as const)[random.uint32() % 3] as Restart;
}

/** What the broker found must be a state that it had. */
function assertPossible(run: BrokerRun, states: readonly CommittedState[], restart: Restart): void {
  const text = run.store.states[0]?.text;
  const possible = possibleStates(states, Number.MAX_SAFE_INTEGER);
  if (text === undefined || possible.some((state) => state.text === text)) return;
  throw new Error(`after a restart (${restart}) ${noSuchState(possible, text)}`);
}

/** How `found` differs from each of the states that it could be. */
export function noSuchState(possible: readonly CommittedState[], found: string): string {
  const differences = possible.map(({ block, text }) => `\n  from block ${block}:${difference(text, found)}`);
  return `no group ends with what was recovered: ${differences.join('')}`;
}

/** The lines that only one of two texts has. */
function difference(expected: string, found: string): string {
  const expectedLines = new Set(expected.split('\n'));
  const foundLines = new Set(found.split('\n'));
  const missing = [...expectedLines].filter((line) => !foundLines.has(line));
  const added = [...foundLines].filter((line) => !expectedLines.has(line));
  return [...missing.map((line) => `\n    - ${line}`), ...added.map((line) => `\n    + ${line}`)].join('');
}

/** What may be there after a crash at `time`: the newest state that was known to be durable, or any later one. */
export function possibleStates(states: readonly CommittedState[], time: number): readonly CommittedState[] {
  const durable = states.findLastIndex(({ durableAt }) => durableAt <= time);
  return states.slice(Math.max(0, durable)).filter(({ committedAt }) => committedAt <= time);
}

/** One of all the images that the crash may leave. */
function imageAfterPowerLoss(disk: SimulatedDisk, random: Random): DiskImage {
  const last = [...crashPoints(disk.initial, disk.journal)].at(-1);
  const choices = last === undefined ? [] : [...crashChoices(last, 32, random)];
  const choice = choices[random.uint32() % choices.length];
  if (last === undefined || choice === undefined) throw new Error('a journal has no crash point');
  return last.image(choice);
}
