import { parseArgs } from 'node:util';
import { BenchOptionError } from '../options.ts';
import { LIMIT_PARTS, type LimitPart } from './check.ts';

export interface LimitsOptions {
  readonly parts: readonly LimitPart[];
  /** A missed goal fails, too. */
  readonly strict: boolean;
  /** Where the result is written as JSON; undefined for nowhere. */
  readonly jsonPath: string | undefined;
}

export const LIMITS_HELP = `Usage: npm run bench:limits -- [part ...] [options]

Measures what the broker promises beside its speed, against a broker that it starts.

  backlog       5 million messages in a queue, in memory: what they take, and the rates
                with and without them
  file-backlog  10 million persistent messages on disk: memory, restart, draining
  latency       5,000 messages of 1 KiB a second
  scale         10,000 queues, 2,000 connections, 100 idle connections
  statistics    processor time per message with and without statistics
  management    10,000 queues listed over HTTP while messages flow
  metrics       10,000 queues scraped by Prometheus while messages flow
  http          publishing over HTTP, one message and many per request

  --strict       fail for missed rates and latencies, too: for a quiet machine
  --json <path>  write the result there, too

The exit code is 1 when memory, idle processor time or work done misses its target.
`;

export function readLimitsOptions(args: readonly string[]): LimitsOptions {
  const { values, positionals } = parsed(args);
  return {
    parts: positionals.length === 0 ? LIMIT_PARTS : positionals.map(partNamed),
    strict: values.strict,
    jsonPath: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { strict: { type: 'boolean', default: false }, json: { type: 'string' } },
    });
  } catch (error) {
    throw new BenchOptionError((error as Error).message);
  }
}

function partNamed(name: string): LimitPart {
  const part = LIMIT_PARTS.find((candidate) => candidate === name);
  if (part === undefined) {
    throw new BenchOptionError(`part '${name}' is not allowed; allowed: ${LIMIT_PARTS.join(', ')}`);
  }
  return part;
}
