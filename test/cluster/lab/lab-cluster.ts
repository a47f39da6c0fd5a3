import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { initCluster } from '../../../src/cluster/cluster-init.ts';
import { connectNats } from '../../../src/storage/jetstream/nats-connection.ts';
import { pause } from '../../crash/kill-client.ts';
import { RawClient } from '../../servers/raw-client.ts';
import { LabNats, NATS_PORT } from './lab-nats.ts';
import { LabNetwork } from './lab-network.ts';
import { AMQP_PORT, type ClusterView, LabNode, LOGIN } from './lab-node.ts';
import type { LabProcess } from './lab-process.ts';
import { NatsAdmin } from './nats-admin.ts';

export interface LabClusterOptions {
  /** Takes all data and logs. */
  readonly directory: string;
  /** The program nats-server. */
  readonly natsServer: string;
  /** `dist/cli/main.js`, or that of another build. */
  readonly main: string;
  /** More arguments of each node. */
  readonly nodeArgs: readonly string[];
  /** How long anything may take before that is a failure. */
  readonly patienceMs: number;
}

export const CLUSTER_NAME = 'lab';
const NATS_HOSTS: readonly string[] = ['nats-1', 'nats-2', 'nats-3'];
const NODE_HOSTS: readonly string[] = ['node-1', 'node-2', 'node-3'];
export const CLIENTS_HOST = 'clients';
const POLL_MS = 100;

/** Three nats-servers, three nodes of Leveret, and a host for clients, each with an address of its own. */
export class LabCluster {
  readonly network: LabNetwork;
  readonly nats: readonly LabNats[];
  readonly nodes: readonly LabNode[];
  readonly #options: LabClusterOptions;
  #admin: NatsAdmin | undefined;

  private constructor(options: LabClusterOptions) {
    const { directory, main, natsServer, nodeArgs } = options;
    this.#options = options;
    const network = LabNetwork.create([...NATS_HOSTS, ...NODE_HOSTS, CLIENTS_HOST]);
    this.network = network;
    const natsData = join(directory, 'nats');
    this.nats = NATS_HOSTS.map((host) => new LabNats(natsServer, network, host, NATS_HOSTS, natsData));
    const urls = NATS_HOSTS.map((host) => `nats://${network.address(host)}:${NATS_PORT}`);
    const clusterArgs = ['--nats', urls.join(), '--cluster-name', CLUSTER_NAME, ...nodeArgs];
    this.nodes = NODE_HOSTS.map(
      (host) => new LabNode(network, host, { main, clusterArgs, directory: join(directory, 'nodes') }),
    );
  }

  /** Starts all of it, and waits until it serves. What was begun is gone when that fails. */
  static async start(options: LabClusterOptions): Promise<LabCluster> {
    const cluster = new LabCluster(options);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  get admin(): NatsAdmin {
    if (this.#admin === undefined) throw new Error('the cluster was not started yet');
    return this.#admin;
  }

  /** For clients on any host. */
  get amqpUrls(): string[] {
    const login = `${LOGIN.user}:${LOGIN.password}`;
    return this.nodes.map(({ address }) => `amqp://${login}@${address}:${AMQP_PORT}?heartbeat=2`);
  }

  /** A connection of the test to whichever node answers. */
  async connect(): Promise<RawClient> {
    return this.#until('a node takes a connection', async () => {
      for (const { address } of this.nodes) {
        const client = await RawClient.connect({ host: address, port: AMQP_PORT, ...LOGIN }).catch(
          () => undefined,
        );
        if (client !== undefined) return client;
      }
      return undefined;
    });
  }

  /** The node that owns the log and serves. `after`: in an epoch later than this one. */
  owner({ after = 0 } = {}): Promise<LabNode> {
    return this.#until('a node owns the log and serves', async () => {
      const views = await this.#views();
      const owners = this.nodes.filter((_, index) => isServingOwner(views[index], after));
      return owners.length === 1 ? owners[0] : undefined;
    });
  }

  /** Its fence's epoch. */
  async epoch(): Promise<number> {
    const owner = await this.owner();
    return this.#until('the owner tells its epoch', async () => (await owner.view())?.epoch);
  }

  async standbys(): Promise<readonly LabNode[]> {
    const owner = await this.owner();
    return this.nodes.filter((node) => node !== owner);
  }

  natsNamed(host: string): LabNats {
    const server = this.nats.find((each) => each.host === host);
    if (server === undefined) throw new Error(`no nats-server "${host}": there are ${NATS_HOSTS.join(', ')}`);
    return server;
  }

  /** Until every server has all data, one node owns the log, and knows of the others, which pass their clients on. */
  async untilHealthy(): Promise<void> {
    await this.untilNatsIsHealthy();
    await this.#until('all nodes serve clients', async () => {
      const views = await this.#views();
      const isWhole = views.every((view) => view?.serves_clients === true);
      return isWhole && views.filter((view) => view?.role === 'owner').length === 1 ? true : undefined;
    });
    await this.#until('the nodes know of each other', async () => {
      const count = await (await this.owner()).knownNodeCount();
      return count === this.nodes.length ? true : undefined;
    });
  }

  async untilNatsIsHealthy(): Promise<void> {
    await this.#until('all nats-servers are healthy', async () => {
      const healthy = await Promise.all(this.nats.map((server) => server.isHealthy()));
      return healthy.every((each) => each) ? true : undefined;
    });
  }

  /** Asks the owner to give the log away, and waits until it has begun. */
  async handOver(to: LabNode | undefined): Promise<void> {
    await (await this.owner()).handOver(to);
  }

  /** Throws when a process ended without being told to. */
  assertAlive(): void {
    const deaths = this.#all.map(({ death }) => death).filter((death) => death !== undefined);
    if (deaths.length > 0) throw new Error(deaths.join('\n'));
  }

  /** Undoes what was done to it: all is connected, resumed and started again. */
  mend(): void {
    this.network.heal();
    for (const each of this.#all) each.resume();
    for (const each of this.#all) each.launch();
  }

  async killEverything(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.kill()));
  }

  /** What all processes printed, a file each. */
  async writeLogs(): Promise<string> {
    const directory = join(this.#options.directory, 'logs');
    await mkdir(directory, { recursive: true });
    for (const each of this.#all) await each.writeLog(join(directory, `${each.host}.log`));
    return directory;
  }

  /** Ends everything. The data stays. */
  async remove(): Promise<void> {
    await this.#admin?.close();
    await this.killEverything();
    this.network.remove();
  }

  get #all(): readonly LabProcess[] {
    return [...this.nats, ...this.nodes];
  }

  async #start(): Promise<void> {
    for (const server of this.nats) await server.configure();
    for (const server of this.nats) server.launch();
    await this.untilNatsIsHealthy();
    const urls = this.nats.map(({ url }) => url);
    this.#admin = await NatsAdmin.open(urls);
    await this.#makeStreams(urls);
    for (const node of this.nodes) node.launch();
    await this.untilHealthy();
  }

  async #makeStreams(servers: readonly string[]): Promise<void> {
    const connection = await connectNats({ servers, onEvent: () => undefined });
    await initCluster(connection, { cluster: CLUSTER_NAME, replicas: NATS_HOSTS.length });
    await connection.close();
  }

  #views(): Promise<(ClusterView | undefined)[]> {
    return Promise.all(this.nodes.map((node) => node.view()));
  }

  async #until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const startedMs = performance.now();
    for (;;) {
      this.assertAlive();
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (performance.now() - startedMs > this.#options.patienceMs)
        throw new Error(await this.#explain(what));
      await pause(POLL_MS);
    }
  }

  async #explain(what: string): Promise<string> {
    const nats = await Promise.all(this.nats.map(async (each) => `${each.host}: ${await each.isHealthy()}`));
    const nodes = (await this.#views()).map((view, index) => `${NODE_HOSTS[index]}: ${JSON.stringify(view)}`);
    const logs = await this.writeLogs();
    return `not within ${this.#options.patienceMs} ms: ${what}; healthy: ${nats.join(', ')}; ${nodes.join('; ')}; logs in ${logs}`;
  }
}

function isServingOwner(view: ClusterView | undefined, after: number): boolean {
  return view?.role === 'owner' && view.serves_clients && view.epoch > after;
}
