import { join } from 'node:path';
import type { LabNetwork } from './lab-network.ts';
import { LabProcess } from './lab-process.ts';

export const AMQP_PORT = 5672;
const HTTP_PORT = 15672;
const ANSWER_MS = 1000;

/** Somebody who may log in from everywhere. */
export const LOGIN = { user: 'lab', password: 'lab' } as const;

const AUTHORIZATION = {
  authorization: `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`,
};

export interface LabNodeOptions {
  /** `dist/cli/main.js`, or that of another build. */
  readonly main: string;
  /** What it needs to find the NATS servers. */
  readonly clusterArgs: readonly string[];
  readonly directory: string;
}

/** What `GET /v1/cluster` says. */
export interface ClusterView {
  readonly role: 'single' | 'starting' | 'owner' | 'standby';
  readonly owner: string | null;
  readonly epoch: number;
  readonly serves_clients: boolean;
}

/** A node of Leveret. */
export class LabNode extends LabProcess {
  readonly address: string;

  constructor(network: LabNetwork, host: string, { main, clusterArgs, directory }: LabNodeOptions) {
    const address = network.address(host);
    super(network, host, [
      ...[process.execPath, main, 'serve', '--storage', 'jetstream', ...clusterArgs],
      ...['--node-name', host, '--cluster-host', address, '--host', '0.0.0.0'],
      ...['--amqp-port', String(AMQP_PORT), '--http-port', String(HTTP_PORT)],
      ...['--default-user', LOGIN.user, '--default-password', LOGIN.password],
      ...['--data-dir', join(directory, host)],
    ]);
    this.address = address;
  }

  get #httpUrl(): string {
    return `http://${this.address}:${HTTP_PORT}`;
  }

  /** Undefined when it does not answer. */
  view(): Promise<ClusterView | undefined> {
    return this.#read('/v1/cluster');
  }

  /** How many nodes the owner knows of; undefined when it cannot be asked. */
  async knownNodeCount(): Promise<number | undefined> {
    const answer = await this.#read<{ nodes: readonly unknown[] }>('/v1/cluster/nodes');
    return answer?.nodes.length;
  }

  /** Makes the owner give the log away. Throws when it refuses. */
  async handOver(to: LabNode | undefined): Promise<void> {
    const answer = await fetch(`${this.#httpUrl}/v1/cluster/handover`, {
      method: 'POST',
      headers: { ...AUTHORIZATION, 'content-type': 'application/json' },
      body: JSON.stringify(to === undefined ? {} : { to: to.host }),
    });
    if (!answer.ok) throw new Error(`the hand-over was refused: ${answer.status} ${await answer.text()}`);
  }

  async #read<T>(path: string): Promise<T | undefined> {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answer = await fetch(`${this.#httpUrl}${path}`, { headers: AUTHORIZATION, signal });
      return answer.ok ? ((await answer.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }
}
