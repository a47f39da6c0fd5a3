import { parseArgs } from 'node:util';
import { WORKLOADS, type Workload } from './workloads.ts';

/** A broker to measure. */
export interface BrokerTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The process whose processor time is counted; found by its port when undefined. */
  readonly pid: number | undefined;
}

export interface BenchOptions {
  /** Empty: our own broker, once for each storage, and RabbitMQ, when it is installed, are started. */
  readonly brokers: readonly BrokerTarget[];
  readonly workloads: readonly Workload[];
  readonly runs: number;
  readonly seconds: number;
  /** Where the result is written as JSON; undefined for nowhere. */
  readonly jsonPath: string | undefined;
  /** Print the table as docs/performance.md has it. */
  readonly markdown: boolean;
  /** Where the chart is drawn; undefined for nowhere. */
  readonly chartPath: string | undefined;
  /** A missed goal fails. */
  readonly strict: boolean;
}

/** From the project's root. */
export const CHART_PATH: string = 'docs/images/rates.svg';

export const BENCH_HELP = `Usage: npm run bench -- [options]

  --broker <name=url[,pid]>  a broker that runs; may be given several times.
                             Ratios are taken to the last one. Without it our own
                             broker, with file and with memory storage, and RabbitMQ,
                             if installed, are started
  --workload <name>          only this one; may be given several times
                             (${WORKLOADS.map((workload) => workload.name).join(', ')})
  --runs <number>            runs of each workload, of which the median counts (5)
  --seconds <number>         of each run (5)
  --chart <path>             draw the rates there as SVG; without it, and when all
                             workloads are run on the brokers that are started:
                             ${CHART_PATH}
  --json <path>              write the result there, too
  --markdown                 print the table of docs/performance.md instead
  --strict                   exit code 1 when a goal is missed: for a quiet machine
`;

/** A mistake in the arguments. The message is one line. */
export class BenchOptionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BenchOptionError';
  }
}

export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parsed(args);
  return {
    brokers: values.broker.map(brokerTarget),
    workloads: values.workload.length === 0 ? WORKLOADS : values.workload.map(workloadNamed),
    runs: count('--runs', values.runs, 100),
    seconds: count('--seconds', values.seconds, 3600),
    jsonPath: values.json,
    markdown: values.markdown,
    chartPath: values.chart ?? (values.broker.length + values.workload.length === 0 ? CHART_PATH : undefined),
    strict: values.strict,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        broker: { type: 'string', multiple: true, default: [] },
        workload: { type: 'string', multiple: true, default: [] },
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '5' },
        json: { type: 'string' },
        chart: { type: 'string' },
        strict: { type: 'boolean', default: false },
        markdown: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BenchOptionError((error as Error).message);
  }
}

function brokerTarget(text: string): BrokerTarget {
  const match = /^([^=]+)=([^,]+)(?:,(\d+))?$/.exec(text);
  const url = URL.canParse(match?.[2] ?? '') ? new URL(match?.[2] ?? '') : undefined;
  if (match === null || url?.protocol !== 'amqp:') {
    throw new BenchOptionError(
      `--broker '${text}' is not allowed; allowed: name=amqp://host:port or name=amqp://host:port,pid`,
    );
  }
  const port = url.port === '' ? 5672 : Number(url.port);
  const pid = match[3] === undefined ? undefined : Number(match[3]);
  return { name: match[1] as string, host: url.hostname, port, pid };
}

function workloadNamed(name: string): Workload {
  const workload = WORKLOADS.find((candidate) => candidate.name === name);
  if (workload === undefined) {
    const allowed = WORKLOADS.map((candidate) => candidate.name).join(', ');
    throw new BenchOptionError(`--workload '${name}' is not allowed; allowed: ${allowed}`);
  }
  return workload;
}

function count(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new BenchOptionError(`${flag} '${text}' is not allowed; allowed: a whole number from 1 to ${max}`);
  }
  return value;
}
