import { ConsoleLog } from '../daemon/console-log.ts';
import { flagOf, OPTION_NAMES, type OptionName, type OptionValues } from '../daemon/options.ts';
import { readOptions } from '../daemon/read-options.ts';
import {
  ListenError,
  OptionError,
  type RunningBroker,
  StorageError,
  type StorageErrorCode,
  startBroker,
} from '../daemon/start-broker.ts';
import { type Command, EXIT_DISK_FAILED, EXIT_FAILURE, EXIT_OK } from './command.ts';
import { reportFailure, reportOptionError } from './failure-report.ts';
import { serveHelp, stoppedText, welcome } from './serve-texts.ts';
import { stopSignal } from './stop-signal.ts';

/** Clients get this long to answer connection.close. The rest of 5 s is for the process itself. */
const CLOSE_GRACE_MS = 4_000;

/** What to look at when a start fails because of the storage. */
const STORAGE_HINTS: ReadonlyMap<StorageErrorCode, string> = new Map<StorageErrorCode, string>([
  ['DATA_DIR_IN_USE', 'see --data-dir'],
  ['NATS_UNREACHABLE', 'see --nats'],
  ['NATS_UNSAFE', 'see docs/cluster.md'],
]);

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Start the broker',

  async run(args) {
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(serveHelp());
      return EXIT_OK;
    }
    try {
      const values = readOptions(args, process.env);
      checkReachable(values);
      return await serve(values);
    } catch (error) {
      if (error instanceof OptionError) {
        return reportOptionError('leveret', new OptionError(withFlags(error.message)), 'serve');
      }
      if (error instanceof ListenError) {
        return reportFailure('leveret', error, EXIT_FAILURE, `see --host and --${error.listener}-port`);
      }
      if (error instanceof StorageError) {
        return reportFailure('leveret', error, EXIT_FAILURE, STORAGE_HINTS.get(error.code));
      }
      throw error;
    }
  },
};

/** A broker inside a program needs no port; here nobody could come in. */
function checkReachable({ amqpPort, httpPort, amqpsPort, httpsPort, tlsCert }: OptionValues): void {
  const hasTls = tlsCert !== '' && (amqpsPort !== false || httpsPort !== false);
  if (amqpPort !== false || httpPort !== false || hasTls) return;
  throw new OptionError(
    'options amqpPort and httpPort: both are none, and no port is open with TLS: nobody could reach the broker',
  );
}

/** `startBroker` calls options as a program does: `tlsKey` is `--tls-key` here. */
function withFlags(message: string): string {
  const names = OPTION_NAMES.filter((name) => /[A-Z]/.test(name));
  return message.replaceAll(new RegExp(`\\b(${names.join('|')})\\b`, 'g'), (name) =>
    flagOf(name as OptionName),
  );
}

async function serve(values: OptionValues): Promise<number> {
  const { logLevel, ...options } = values;
  const log = new ConsoleLog(logLevel, (line) => process.stderr.write(line));
  let onFailure: (reason: StorageError) => void = () => {};
  const failed = new Promise<StorageError>((resolve) => {
    onFailure = resolve;
  });
  const broker = await startBroker({ ...options, onEvent: (event) => log.onEvent(event), onFailure });
  const stopped = stopSignal();
  process.stdout.write(welcome(broker.listeners, values));
  const failure = (await Promise.race([stopped, failed])) ?? (await stop(broker, values));
  return failure === undefined ? EXIT_OK : reportFailure('leveret', failure, EXIT_DISK_FAILED);
}

/** Resolves to what went wrong with the disk at the end, if anything did. */
async function stop(broker: RunningBroker, values: OptionValues): Promise<StorageError | undefined> {
  process.stdout.write('Stopping: closing the connections of all clients. Again to stop at once.\n');
  try {
    await broker.close({ graceMs: CLOSE_GRACE_MS });
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  process.stdout.write(stoppedText(values));
  return undefined;
}
