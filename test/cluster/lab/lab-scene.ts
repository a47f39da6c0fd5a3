import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KillLoad } from '../../crash/kill-load.ts';
import { type JudgeOptions, judge, type KillVerdict } from '../../crash/kill-verdict.ts';
import { CLIENTS_HOST, LabCluster } from './lab-cluster.ts';
import { NATS_SERVER } from './lab-needs.ts';
import { LedgerProgress } from './ledger-progress.ts';

export interface LabSceneOptions {
  readonly seed: number;
  /** `dist/cli/main.js` of another build. */
  readonly main?: string;
  readonly nodeArgs?: readonly string[];
}

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const CLIENT_PROCESSES = 2;
const CONNECTIONS = 2;
/** All processes of six machines share this one. */
const PAUSE_MS_MAX = 400;
const PROGRESS_MS = 90_000;

/** A cluster, and clients that use it whatever happens. */
export class LabScene {
  readonly cluster: LabCluster;
  readonly load: KillLoad;
  readonly directory: string;

  private constructor(directory: string, cluster: LabCluster, load: KillLoad) {
    this.directory = directory;
    this.cluster = cluster;
    this.load = load;
  }

  /** Starts all of it, waits until each client gets on, and ends it after `use`. Data, ledgers and logs stay when that fails. */
  static async run<T>(options: LabSceneOptions, use: (scene: LabScene) => Promise<T>): Promise<T> {
    const directory = await mkdtemp(join(tmpdir(), 'leveret-lab-'));
    const scene = await LabScene.#start(directory, options);
    try {
      const result = await use(scene);
      await rm(directory, { recursive: true, force: true });
      return result;
    } catch (error) {
      const logs = await scene.cluster.writeLogs();
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
    return new LedgerProgress(this.load.ledgerDirectory);
  }

  /** Resolves once every client has got something done that it began after this was called, to the milliseconds that it took. */
  async untilAllProgress(): Promise<number> {
    const progress = this.watch();
    try {
      return await progress.untilAllProgress(PROGRESS_MS);
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
    const { seed, main = MAIN, nodeArgs = [] } = options;
    const cluster = await LabCluster.start({ directory, natsServer: NATS_SERVER, main, nodeArgs });
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
    const scene = new LabScene(directory, cluster, load);
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
