/** One subcommand of `leveret`. */
export interface Command {
  readonly name: string;
  /** One line for `leveret help`. */
  readonly summary: string;
  /** Takes the arguments behind the command's name; resolves to the exit code of the process. */
  run(args: string[]): Promise<number>;
}

/** A command whose code is loaded when it runs: others start sooner without it. */
export function lazyCommand(name: string, summary: string, load: () => Promise<Command>): Command {
  return { name, summary, run: async (args) => (await load()).run(args) };
}

export const EXIT_OK = 0;
/** Something outside went wrong: a port in use, a broker that does not answer, damaged data. */
export const EXIT_FAILURE = 1;
/** The command line, the environment or the configuration file was wrong. */
export const EXIT_USAGE = 2;
/** The disk failed while the broker ran, in a way that left no safe way to go on. */
export const EXIT_DISK_FAILED = 3;
