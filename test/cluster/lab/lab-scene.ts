import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KillLoad } from '../../crash/kill-load.ts';
import { type JudgeOptions, judge, type KillVerdict } from '../../crash/kill-verdict.ts';
import { NATS_PROGRAM } from '../../servers/nats.ts';
import { copyBuild, type Patch } from './built-copy.ts';
import { CLIENTS_HOST, LabCluster } from './lab-cluster.ts';
import { LedgerProgress } from './ledger-progress.ts';

export interface LabSceneOptions {
  readonly seed: number;
  /** Mistakes in the nodes. */
  readonly patches?: readonly Patch[];
  readonly nodeArgs?: readonly string[];
  /** How long anything may take before that is a failure. */
  readonly patienceMs?: number;
}

const CLIENT_PROCESSES = 2;
const CONNECTIONS = 2;
/** All processes of six machines share this one. */
const PAUSE_MS_MAX = 400;
const PATIENCE_MS = 90_000;

/** Nothing was done to the cluster yet. */
export class NotBegunError extends Error {}

/** A cluster, and clients that use it whatever happens. */
export class LabScene {
  readonly cluster: LabCluster;
  readonly load: KillLoad;
  readonly #patienceMs: number;

  private constructor(patienceMs: number, cluster: LabCluster, load: KillLoad) {
    this.#patienceMs = patienceMs;
    this.cluster = cluster;
    this.load = load;
  }

  /**
   * Starts all of it, waits until each client gets on, and ends it after `use`. Data, ledgers and logs stay when that fails. Rejects
   * with a NotBegunError when `use` was not called.
   */
  static async run<T>(options: LabSceneOptions, use: (scene: LabScene) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), 'leveret-lab-'));
    const scene = await LabScene.#start(directory, options).catch((error: Error) => {
      throw new NotBegunError(error.message, { cause: error });
    });
    try {
      const result = await use(scene);
      await rm(directory, { recursive: true, force: true });
      return result;
    } catch (error) {
      const logs = await scene.cluster.writeLogs();
      await writeFile(join(logs, 'clients.log'), scene.load.output);
      throw new Error(`${(error as Error).message}\nlogs: ${logs}, ledgers: ${scene.load.ledgerDirectory}`, {
        cause: error,
      });
    } finally {
      await scene.load.kill();
      await scene.cluster.remove();
    }
  }

  /** What clients get done from now on. */
  watch(): LedgerProgress {
    return new LedgerProgress(this.load.ledgerDirectory, this.load.ledgerNames);
  }

  /** Resolves once every client has got something done that it began after this was called, to the milliseconds that it took. */
  async untilAllProgress(): Promise<number> {
    const progress = this.watch();
    try {
      return await progress.untilAllProgress(this.#patienceMs);
    } finally {
      progress.end();
    }
  }

  /** Ends the clients, kills everything once more, and judges what the clients wrote down. */
  async judge(options: JudgeOptions = {}): Promise<KillVerdict> {
    await this.load.finish();
    await this.cluster.killEverything();
    this.cluster.mend();
    await this.cluster.untilHealthy();
    const verdict = judge(await this.load.readLedgers(), options);
    const violations = [...verdict.violations, ...(await this.load.wrongAtTheEnd(verdict))];
    return { ...verdict, violations };
  }

  static async #start(directory: string, options: LabSceneOptions): Promise<LabScene> {
    const { seed, patches = [], nodeArgs = [], patienceMs = PATIENCE_MS } = options;
    const main = await copyBuild(join(directory, 'leveret'), patches);
    const cluster = await LabCluster.start({
      directory,
      natsServer: NATS_PROGRAM,
      main,
      nodeArgs,
      patienceMs,
    });
    const load = new KillLoad({
      brokers: cluster.amqpUrls,
      connect: () => cluster.connect(),
      directory,
      seed,
      processes: CLIENT_PROCESSES,
      connections: CONNECTIONS,
      pauseMsMax: PAUSE_MS_MAX,
      prefix: cluster.network.prefix(CLIENTS_HOST),
    });
    const scene = new LabScene(patienceMs, cluster, load);
    try {
      await load.declare();
      load.start();
      await scene.untilAllProgress();
      return scene;
    } catch (error) {
      await load.kill();
      await cluster.writeLogs();
      await cluster.remove();
      throw error;
    }
  }
}
