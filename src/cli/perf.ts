import { OptionError } from '../daemon/option-error.ts';
import { type Command, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { reportOptionError } from './failure-report.ts';
import { PerfError } from './perf-connection.ts';
import { type PerfOptions, perfHelp, readPerfOptions } from './perf-options.ts';
import { perfReport } from './perf-report.ts';
import { PerfRun } from './perf-run.ts';

/** `leveret perf`: loads any AMQP 0-9-1 broker and reports rates and latencies. */
export const perfCommand: Command = {
  name: 'perf',
  summary: 'Load an AMQP broker and measure it',
  run: runPerf,
};

async function runPerf(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(perfHelp());
    return EXIT_OK;
  }
  try {
    await load(readPerfOptions(args));
    return EXIT_OK;
  } catch (error) {
    if (error instanceof OptionError) return reportOptionError('leveret perf', error, 'perf');
    if (!(error instanceof PerfError)) throw error;
    process.stderr.write(`leveret perf: ${error.message}\n`);
    return EXIT_FAILURE;
  }
}

async function load(options: PerfOptions): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  const run = new PerfRun(options, progressWriter(), interrupted.signal);
  try {
    const result = await run.measure();
    endProgress();
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : perfReport(result));
  } finally {
    await run.close();
    process.removeListener('SIGINT', interrupt);
  }
}

/** On a terminal the line is written over again; elsewhere each is a line of its own. Standard output is for the result. */
function progressWriter(): (line: string) => void {
  return process.stderr.isTTY
    ? (line) => process.stderr.write(`\r\u001b[K${line}`)
    : (line) => process.stderr.write(`${line}\n`);
}

function endProgress(): void {
  if (process.stderr.isTTY) {
    process.stderr.write('\r\u001b[K');
  }
}
