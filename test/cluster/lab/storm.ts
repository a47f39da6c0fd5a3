import { Dice } from '../../crash/kill-client.ts';
import type { KillVerdict } from '../../crash/kill-verdict.ts';
import { FAULTS, type Fault } from './faults.ts';
import { LabScene, type LabSceneOptions } from './lab-scene.ts';

export interface StormOptions extends LabSceneOptions {
  readonly faultCount: number;
  /** Others than all. */
  readonly faults?: readonly Fault[];
  onReport?(report: FaultReport): void;
}

/** How clients got over a fault, in milliseconds. */
export interface FaultReport {
  readonly fault: string;
  /** For how long no client got a confirm, or a delivery. */
  readonly noConfirmMs: number;
  readonly noDeliveryMs: number;
  /** From when all was mended, until the last client had got something done. */
  readonly allAgainMs: number;
}

export interface StormResult {
  readonly reports: readonly FaultReport[];
  readonly verdict: KillVerdict;
}

/** Inflicts one fault after another on a cluster under load, each once all clients get on again; then judges. */
export function storm(options: StormOptions): Promise<StormResult> {
  return LabScene.run(options, async (scene) => {
    const dice = new Dice(options.seed);
    const reports: FaultReport[] = [];
    for (const fault of chosen(options.faults ?? FAULTS, options.faultCount, dice)) {
      const report = await inflict(scene, fault, dice);
      reports.push(report);
      options.onReport?.(report);
    }
    const verdict = await scene.judge({ latecomersAllowed: true });
    if (verdict.violations.length > 0) throw new Error(verdict.violations.join('\n'));
    return { reports, verdict };
  });
}

/** One line of a table. */
export function reportLine({ fault, noConfirmMs, noDeliveryMs, allAgainMs }: FaultReport): string {
  const columns = [noConfirmMs, noDeliveryMs, allAgainMs].map((ms) => (ms / 1000).toFixed(2));
  return `${columns.map((column) => column.padStart(9)).join('')}  ${fault}`;
}

export const REPORT_HEAD: string = `${['confirm', 'delivery', 'all'].map((name) => name.padStart(9)).join('')}  fault (seconds)`;

async function inflict(scene: LabScene, fault: Fault, dice: Dice): Promise<FaultReport> {
  const { cluster } = scene;
  try {
    await cluster.untilHealthy();
    const strike = await fault.aim(cluster, dice);
    const progress = scene.watch();
    await strike();
    cluster.mend();
    const allAgainMs = await scene.untilAllProgress();
    cluster.assertAlive();
    progress.end();
    const { confirms, deliveries } = progress;
    return {
      ...{ fault: fault.name, noConfirmMs: confirms.longestMs, noDeliveryMs: deliveries.longestMs },
      allAgainMs,
    };
  } catch (error) {
    throw new Error(`${fault.name}: ${(error as Error).message}`, { cause: error });
  }
}

/** All of them in some order, then in another one, and so on. */
function* chosen(faults: readonly Fault[], count: number, dice: Dice): Generator<Fault> {
  for (let left = count; left > 0; left -= faults.length) yield* shuffled(faults, dice).slice(0, left);
}

function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const left = [...items];
  return items.map(() => left.splice(dice.upTo(left.length), 1)[0] as T);
}
