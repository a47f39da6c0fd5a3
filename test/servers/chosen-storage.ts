/** The arguments of `leveret serve` that say where it keeps messages. `dataDir`: what a broker is started on again; undefined: only once. */
export type StorageChoice = (dataDir: string | undefined) => Promise<readonly string[]>;

let choice: StorageChoice = async (dataDir) =>
  dataDir === undefined ? ['--storage', 'memory'] : ['--storage', 'file', '--data-dir', dataDir];

/** On disk where there is a directory and in memory where there is none, unless a suite chose otherwise. */
export function chosenStorage(dataDir: string | undefined): Promise<readonly string[]> {
  return choice(dataDir);
}

/** From now on the brokers that this process starts keep their messages elsewhere. */
export function chooseStorage(other: StorageChoice): void {
  choice = other;
}
