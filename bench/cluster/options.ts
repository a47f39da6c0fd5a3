import { parseArgs } from 'node:util';
import { ENTRANCES, type Entrance } from './cluster-side.ts';

export interface ClusterBenchOptions {
  readonly rounds: number;
  /** Of each run. */
  readonly seconds: number;
  readonly sides: readonly SideName[];
  readonly entrances: readonly Entrance[];
  /** Where all runs are written as JSON; undefined for nowhere. */
  readonly jsonPath: string | undefined;
  /** Where a profile of each Leveret node is written when it ends; undefined for nowhere. */
  readonly profileDirectory: string | undefined;
  /** A missed goal fails. */
  readonly strict: boolean;
}

/** Ours first, the reference last. */
export const SIDE_NAMES = ['leveret', 'rabbitmq'] as const;
export type SideName = (typeof SIDE_NAMES)[number];

export const CLUSTER_BENCH_HELP = `Usage: npm run bench:cluster -- [options]

  --rounds <number>    runs of each load on each side, of which the median counts (5)
  --seconds <number>   of each run (5)
  --side <name>        only this one: ${SIDE_NAMES.join(' or ')}
  --entrance <name>    only load that enters there: ${ENTRANCES.join(' or ')}
  --json <path>        write all runs there
  --profile <path>     write a processor profile of each Leveret node into this directory
  --strict             exit code 1 when a goal is missed: for a quiet machine
`;

/** A mistake in the arguments. The message is one line. */
export class ClusterBenchOptionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ClusterBenchOptionError';
  }
}

export function readClusterBenchOptions(args: readonly string[]): ClusterBenchOptions {
  const values = parsed(args);
  return {
    rounds: wholeNumber('--rounds', values.rounds, 100),
    seconds: wholeNumber('--seconds', values.seconds, 3600),
    sides: values.side === undefined ? SIDE_NAMES : [oneOf('--side', values.side, SIDE_NAMES)],
    entrances: values.entrance === undefined ? ENTRANCES : [oneOf('--entrance', values.entrance, ENTRANCES)],
    jsonPath: values.json,
    profileDirectory: values.profile,
    strict: values.strict,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '5' },
        side: { type: 'string' },
        entrance: { type: 'string' },
        json: { type: 'string' },
        profile: { type: 'string' },
        strict: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new ClusterBenchOptionError((error as Error).message);
  }
}

function oneOf<Name extends string>(flag: string, text: string, allowed: readonly Name[]): Name {
  const found = allowed.find((name) => name === text);
  if (found !== undefined) return found;
  throw new ClusterBenchOptionError(`${flag} '${text}' is not allowed; allowed: ${allowed.join(', ')}`);
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new ClusterBenchOptionError(
    `${flag} '${text}' is not allowed; allowed: a whole number from 1 to ${max}`,
  );
}
