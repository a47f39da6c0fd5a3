import { readOptions } from '../daemon/read-options.ts';

/** What a command about a data directory was asked for. */
export interface DataDirArguments {
  readonly dataDir: string;
  /** Those of the command's switches that were given. */
  readonly given: ReadonlySet<string>;
}

/**
 * Takes the switches (flags without a value, like `--json`) out of `args`; the data directory is found where
 * `leveret serve` finds it: in a flag, the environment or the configuration file.
 *
 * @throws OptionError for everything else.
 */
export function readDataDirArguments(
  args: readonly string[],
  switches: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): DataDirArguments {
  const others = args.filter((argument) => !switches.includes(argument));
  const { dataDir } = readOptions(others, environment, {
    names: ['dataDir'],
    otherFlags: switches,
    example: '--data-dir ./leveret-data',
  });
  return { dataDir, given: new Set(args.filter((argument) => switches.includes(argument))) };
}
