import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabNetwork } from './lab-network.ts';
import { LabProcess } from './lab-process.ts';

export const NATS_PORT = 4222;
const MONITOR_PORT = 8222;
const ROUTE_PORT = 6222;
const ANSWER_MS = 1000;

/** A nats-server of the cluster: it syncs before it confirms. */
export class LabNats extends LabProcess {
  readonly url: string;
  readonly #network: LabNetwork;
  readonly #directory: string;
  readonly #peers: readonly string[];

  /** `peers`: the hosts of all servers. */
  constructor(
    program: string,
    network: LabNetwork,
    host: string,
    peers: readonly string[],
    directory: string,
  ) {
    super(network, host, [program, '-c', join(directory, `${host}.conf`)]);
    this.#network = network;
    this.#directory = directory;
    this.#peers = peers;
    this.url = `nats://${network.address(host)}:${NATS_PORT}`;
  }

  async configure(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await writeFile(join(this.#directory, `${this.host}.conf`), this.#configuration());
  }

  /** It is there, has a leader above it, and lacks nothing that the others have. */
  async isHealthy(): Promise<boolean> {
    const url = `http://${this.#network.address(this.host)}:${MONITOR_PORT}/healthz`;
    try {
      return (await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
    } catch {
      return false;
    }
  }

  #configuration(): string {
    const routes = this.#peers.map((peer) => `nats://${this.#network.address(peer)}:${ROUTE_PORT}`);
    return `
server_name: ${this.host}
listen: 0.0.0.0:${NATS_PORT}
http: 0.0.0.0:${MONITOR_PORT}
jetstream { store_dir: "${join(this.#directory, this.host)}", sync_interval: always }
cluster { name: lab, listen: 0.0.0.0:${ROUTE_PORT}, routes: [${routes.join(', ')}] }
`;
  }
}
