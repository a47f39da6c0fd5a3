import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { connectNats } from '../../src/storage/jetstream/nats-connection.ts';
import { type LeveretServer, startLeveret } from '../../test/servers/leveret.ts';
import { type NatsCluster, startNatsCluster } from '../../test/servers/nats.ts';
import type { ClusterSide, Entrance } from './cluster-side.ts';

const NODES = 3;
const CLUSTER = 'bench';
const OWNER_TRIES = 600;
const ASK_AGAIN_MS = 50;

/** Three nodes on three NATS servers that sync each write. One node owns the log; which one may change. */
export async function startLeveretSide(
  projectRoot: string,
  profileDirectory: string | undefined,
): Promise<ClusterSide> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-nodes-'));
  const side = new LeveretSide(directory, await startNatsCluster({ servers: NODES }));
  try {
    await side.begin(projectRoot, profileDirectory);
  } catch (error) {
    await side.close();
    throw error;
  }
  return side;
}

class LeveretSide implements ClusterSide {
  readonly name = 'Leveret';
  readonly queueType = undefined;
  readonly #directory: string;
  readonly #nats: NatsCluster;
  readonly #nodes: LeveretServer[] = [];

  constructor(directory: string, nats: NatsCluster) {
    this.#directory = directory;
    this.#nats = nats;
  }

  get versions(): string {
    return `${NODES} Leveret ${this.#nodes[0]?.version} on ${NODES} nats-servers that sync each write`;
  }

  async begin(projectRoot: string, profileDirectory: string | undefined): Promise<void> {
    const connection = await connectNats({ servers: this.#nats.urls, onEvent: () => undefined });
    await initCluster(connection, { cluster: CLUSTER, replicas: NODES });
    await connection.close();
    while (this.#nodes.length < NODES) {
      const name = `node-${this.#nodes.length + 1}`;
      const args = ['--data-dir', join(this.#directory, name), '--node-name', name];
      const nodeArgs =
        profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
      this.#nodes.push(
        await startLeveret({ projectRoot, args: [...this.#storageArguments(), ...args], nodeArgs }),
      );
    }
  }

  async port(entrance: Entrance): Promise<number> {
    const owner = await this.#owner();
    const node = entrance === 'owner' ? owner : this.#nodes.find((other) => other !== owner);
    if (node === undefined) throw new Error(`there is no ${entrance} among ${this.#nodes.length} nodes`);
    return node.port;
  }

  pids(): readonly number[] {
    return [
      ...this.#nodes.map(({ pid }) => pid),
      ...this.#nats.names.map((_, server) => this.#nats.pid(server)),
    ];
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.close();
    await this.#nats.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #storageArguments(): string[] {
    return [
      ...['--storage', 'jetstream', '--cluster-name', CLUSTER, '--cluster-port', '0'],
      ...['--nats', this.#nats.urls.join(','), '--nats-monitor', this.#nats.monitorUrls.join(',')],
    ];
  }

  /** The node that answers as the owner. */
  async #owner(): Promise<LeveretServer> {
    for (let tries = 1; tries <= OWNER_TRIES; tries += 1) {
      for (const node of this.#nodes) {
        if ((await fetch(`${node.httpUrl}/v1/health/owner`)).ok) return node;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
    throw new Error(`no node became the owner within ${(OWNER_TRIES * ASK_AGAIN_MS) / 1000} s`);
  }
}
