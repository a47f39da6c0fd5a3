import { atLeast, type Check } from '../limits/check.ts';
import { markdownTable } from '../markdown-table.ts';
import { median, ratio } from '../statistics.ts';
import type { ClusterLoad, ClusterMeasurement } from './cluster-load.ts';
import type { Entrance } from './cluster-side.ts';

/** All runs of one load that enters at one place, on one side. */
export interface ClusterRuns {
  readonly side: string;
  readonly load: ClusterLoad;
  readonly entrance: Entrance;
  readonly runs: readonly ClusterMeasurement[];
}

/** The medians of runs. */
interface Medians {
  readonly messagesPerSecond: number | undefined;
  readonly cpuMicroseconds: number | undefined;
  readonly confirmP50Ms: number | undefined;
  readonly confirmP99Ms: number | undefined;
}

/** The loads whose rate is judged, and how many times that of the reference ours must be. */
const GOAL = { workload: 'C', entrance: 'owner', rateMin: 3 } as const;

/** Two tables in Markdown: rates of what runs at full speed, times of confirms of what is sent at a fixed rate. */
export function clusterReport(all: readonly ClusterRuns[]): string {
  const isFullSpeed = ({ load }: ClusterRuns): boolean => load.rate === 0;
  return [rateTable(all.filter(isFullSpeed)), confirmTable(all.filter((runs) => !isFullSpeed(runs)))].join(
    '\n\n',
  );
}

function rateTable(all: readonly ClusterRuns[]): string {
  const sides = sidesOf(all);
  const rows = rowsOf(all).map(({ load, entrance, of }) => {
    const [ours, reference] = [of(sides[0]), of(sides.at(-1))];
    return [
      `${load.workload.name}: ${load.workload.doc}`,
      entrance,
      ...sides.map((side) => rateAndCpu(of(side))),
      shown(ratio(ours.messagesPerSecond, reference.messagesPerSecond), 1),
      shown(ratio(ours.cpuMicroseconds, reference.cpuMicroseconds), 2),
    ];
  });
  return markdownTable(['workload', 'enters at', ...sides, 'rate x', 'CPU x'], rows, 2);
}

function confirmTable(all: readonly ClusterRuns[]): string {
  const sides = sidesOf(all);
  const rows = rowsOf(all).map(({ load, entrance, of }) => [
    `${load.workload.bodyBytes} B, ${load.rate.toLocaleString('en-US')} a second`,
    entrance,
    ...sides.map((side) => confirmTimes(of(side))),
  ]);
  const heads = sides.map((side) => `${side}: p50, p99`);
  return markdownTable(['confirms of persistent messages', 'enters at', ...heads], rows, 2);
}

/** A row for each load and entrance, in the order in which they were measured. */
function rowsOf(all: readonly ClusterRuns[]): {
  readonly load: ClusterLoad;
  readonly entrance: Entrance;
  readonly of: (side: string | undefined) => Medians;
}[] {
  const ofFirstSide = all.filter(({ side }) => side === all[0]?.side);
  return ofFirstSide.map(({ load, entrance }) => ({
    load,
    entrance,
    of: (side) =>
      mediansOf(
        all.find((runs) => runs.side === side && runs.load === load && runs.entrance === entrance)?.runs ??
          [],
      ),
  }));
}

function sidesOf(all: readonly ClusterRuns[]): string[] {
  return [...new Set(all.map(({ side }) => side))];
}

function mediansOf(runs: readonly ClusterMeasurement[]): Medians {
  const medianOf = (pick: (run: ClusterMeasurement) => number | undefined): number | undefined => {
    const values = runs.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
  return {
    messagesPerSecond: medianOf((run) => run.messagesPerSecond),
    cpuMicroseconds: medianOf((run) => run.cpuMicroseconds),
    confirmP50Ms: medianOf((run) => run.confirmP50Ms),
    confirmP99Ms: medianOf((run) => run.confirmP99Ms),
  };
}

function rateAndCpu({ messagesPerSecond, cpuMicroseconds }: Medians): string {
  if (messagesPerSecond === undefined) return '-';
  const rate = `${Math.round(messagesPerSecond).toLocaleString('en-US')}/s`;
  return cpuMicroseconds === undefined ? rate : `${rate} · ${cpuMicroseconds.toFixed(1)} us`;
}

function confirmTimes({ confirmP50Ms, confirmP99Ms }: Medians): string {
  return `${shown(confirmP50Ms, 2)} ms, ${shown(confirmP99Ms, 2)} ms`;
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

/** What ours must reach beside `rival`; nothing when one of them was not measured. */
export function clusterGoals(all: readonly ClusterRuns[], ours: string, rival: string): Check[] {
  const rateOf = (side: string): number | undefined =>
    mediansOf(
      all.find(
        (runs) =>
          runs.side === side &&
          runs.entrance === GOAL.entrance &&
          runs.load.rate === 0 &&
          runs.load.workload.name === GOAL.workload,
      )?.runs ?? [],
    ).messagesPerSecond;
  const times = ratio(rateOf(ours), rateOf(rival));
  if (times === undefined) return [];
  const what = `${GOAL.workload} at the ${GOAL.entrance}: rate, times ${rival}`;
  return [{ part: 'workloads', what, value: times, unit: 'x', target: atLeast('goal', GOAL.rateMin) }];
}
