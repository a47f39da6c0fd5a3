import { parseArgs } from 'node:util';

export interface ServicesBenchOptions {
  /** What a run takes, and its warm-up as well. */
  readonly seconds: number;
  readonly rounds: number;
  /** The processor that everything of a contender runs on. */
  readonly core: number;
  /** Only contenders whose name contains one of these; empty for all. */
  readonly only: readonly string[];
  readonly jsonPath: string | undefined;
}

export const SERVICES_BENCH_HELP = `Usage: npm run bench:services -- [options]

  --seconds <number>   of a run, and of its warm-up (3)
  --rounds <number>    runs of each contender, of which the median counts (5)
  --core <number>      the processor that server, sender and worker share (0)
  --only <text>        only contenders whose name contains it; may be given several times
  --json <path>        write all runs there
`;

/** A mistake in the arguments. The message is one line. */
export class ServicesBenchOptionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ServicesBenchOptionError';
  }
}

export function readServicesBenchOptions(args: readonly string[]): ServicesBenchOptions {
  const values = parsed(args);
  return {
    seconds: wholeNumber('--seconds', values.seconds, 1, 3_600),
    rounds: wholeNumber('--rounds', values.rounds, 1, 100),
    core: wholeNumber('--core', values.core, 0, 1_023),
    only: values.only,
    jsonPath: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '5' },
        core: { type: 'string', default: '0' },
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new ServicesBenchOptionError((error as Error).message);
  }
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ServicesBenchOptionError(
    `${flag} '${text}' is not allowed; allowed: a whole number from ${min} to ${max}`,
  );
}
