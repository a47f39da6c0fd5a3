import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { drainQueues } from './broker-drain.ts';
import { BrokerRun, eventsInto, type RecoveredLog, recoverLog, START_MS } from './broker-run.ts';
import type { DiskImage } from './disk-operation.ts';
import { recoveredBroker } from './recovered-broker.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { VirtualTimer } from './virtual-timer.ts';
import { TRIMMED_QUEUES } from './workload.ts';
import { type Epoch, type HistoryOptions, noSuchState, possibleStates } from './workload-history.ts';
import type { RecoveredMessage } from './workload-ledger.ts';

/** A disk after a recovery, and what was recovered. */
export interface CheckedState {
  readonly disk: SimulatedDisk;
  readonly recovered: RecoveredLog;
  readonly text: string;
}

/** Recovers `image`, which a crash at `time` left, and judges what is there. Throws when something is wrong. */
export async function checkCrashState(
  image: DiskImage,
  epoch: Epoch,
  time: number,
  options: HistoryOptions,
): Promise<CheckedState> {
  const checked = await recoverImage(image, options);
  const { recovered, text } = checked;
  const problems = epoch.ledger.problems(recoveredBroker(recovered.model), time);
  const possible = possibleStates(epoch.states, time);
  if (!possible.some((state) => state.text === text)) problems.push(noSuchState(possible, text));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return checked;
}

export async function recoverImage(image: DiskImage, options: HistoryOptions): Promise<CheckedState> {
  const disk = new SimulatedDisk(image);
  const events: string[] = [];
  const timer = new VirtualTimer(new VirtualClock(START_MS));
  const recovered = await recoverLog(disk.mount(), options, eventsInto(events), timer);
  return { disk, recovered, text: recovered.model.text() };
}

/** A whole broker on `image`: its clients must find what was recovered. Throws when they do not. */
export async function checkBroker(
  image: DiskImage,
  { recovered }: CheckedState,
  epoch: Epoch,
  time: number,
  options: HistoryOptions,
): Promise<void> {
  const run = await BrokerRun.start(new SimulatedDisk(image), options);
  const found = await drainQueues(run);
  const problems = epoch.ledger.problems(found, time);
  const expected = recoveredBroker(recovered.model).outcomes;
  for (const [key, id] of expected) {
    if (!found.outcomes.has(key) || found.outcomes.get(key) !== id)
      problems.push(`outcome ${key} with result ${id} was recovered, and is not shown so`);
  }
  for (const [queue, messages] of recoveredBroker(recovered.model).queues) {
    if (TRIMMED_QUEUES.has(queue)) continue;
    const expectedText = messages.map(messageText).join(' ');
    const foundText = found.queues.get(queue)?.map(messageText).join(' ');
    if (foundText !== expectedText)
      problems.push(`queue ${queue} held ${expectedText}, and its clients found ${foundText}`);
  }
  if (problems.length > 0) throw new Error([...problems, ...run.events].join('\n'));
}

function messageText({ id, redelivered, returnCount }: RecoveredMessage): string {
  return `${id}${redelivered ? ' redelivered' : ''}${returnCount > 0 ? ` x${returnCount}` : ''}`;
}
