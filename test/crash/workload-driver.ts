import type { Random } from '../../src/core/environment.ts';
import type { BrokerRun } from './broker-run.ts';
import type { Workload } from './workload.ts';

/** Rounds in which a broker that stops must come to its end. */
const ROUNDS_MAX = 20_000;

/** Decides who goes on next: a client, the broker, the disk, or the clock. */
export class WorkloadDriver {
  readonly #run: BrokerRun;
  readonly #workload: Workload;
  readonly #random: Random;

  constructor(run: BrokerRun, workload: Workload, random: Random) {
    this.#run = run;
    this.#workload = workload;
    this.#random = random;
  }

  /** Lets clients do something `steps` times, with a slow disk in some stretches and a fast one in others. */
  async work(steps: number): Promise<void> {
    this.#workload.begin();
    let diskShare = 128;
    for (let done = 0; done < steps && this.#run.failure === undefined; ) {
      if (this.#below(40) === 0) diskShare = [16, 100, 190][this.#below(3)] as number;
      const choice = this.#below(256);
      if (choice < diskShare) {
        await this.#completeOne();
      } else if (choice < diskShare + 24) {
        this.#run.advance(this.#below(60));
      } else if (this.#run.turnIsDue && this.#below(2) === 0) {
        this.#run.runTurn();
      } else {
        this.#workload.step();
        done++;
      }
      await this.#rest();
    }
  }

  /** The broker stops in the orderly way; only on a disk that fails it may come to nothing. */
  async stop(): Promise<void> {
    let stopped: { readonly error: Error | undefined } | undefined;
    this.#run.stop().then(
      () => {
        stopped = { error: undefined };
      },
      (error: Error) => {
        stopped = { error };
      },
    );
    for (let round = 0; stopped === undefined; round++) {
      if (round > ROUNDS_MAX) throw new Error('the broker does not stop');
      await this.#completeOne();
      this.#run.advance(1);
    }
    if (stopped.error !== undefined && this.#run.failure === undefined) throw stopped.error;
  }

  /** The order of two operations that are under way is open. */
  async #completeOne(): Promise<void> {
    const { disk } = this.#run;
    if (disk.underWayCount > 0) disk.complete(this.#below(disk.underWayCount));
    await this.#rest();
  }

  /** Lets whoever waited for the disk go on. */
  async #rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#run.noteDurable();
  }

  #below(end: number): number {
    return this.#random.uint32() % end;
  }
}
