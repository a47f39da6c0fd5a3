import { randomBytes } from 'node:crypto';
import type { StartedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { rabbitmqNodeName, startPortMapper, startRabbitmq } from './rabbitmq.ts';
import type { Server } from './server.ts';

/** Several nodes of Debian's RabbitMQ on loopback that are one cluster. */
export interface RabbitmqCluster {
  readonly nodes: readonly Server[];
  close(): Promise<void>;
}

/**
 * Starts a cluster, node by node: each one that comes finds the first one in its configuration, and joins it. They share a port mapper
 * and a cookie with each other, and nothing with another RabbitMQ of this machine.
 */
export async function startRabbitmqCluster(nodeCount: number): Promise<RabbitmqCluster> {
  const portMapperPort = await freePort();
  const cluster = new StartedCluster(await startPortMapper(portMapperPort));
  try {
    const member = { portMapperPort, cookie: randomBytes(16).toString('hex') };
    const firstPort = await freePort();
    const configuration = [
      'cluster_formation.peer_discovery_backend = classic_config',
      `cluster_formation.classic_config.nodes.1 = ${rabbitmqNodeName(firstPort)}`,
    ];
    while (cluster.nodes.length < nodeCount) {
      const port = cluster.nodes.length === 0 ? firstPort : await freePort();
      cluster.nodes.push(await startRabbitmq({ port, configuration, member }));
    }
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

class StartedCluster implements RabbitmqCluster {
  readonly nodes: Server[] = [];
  readonly #portMapper: StartedProcess;

  constructor(portMapper: StartedProcess) {
    this.#portMapper = portMapper;
  }

  /** The node that came last goes first. */
  async close(): Promise<void> {
    for (const node of this.nodes.toReversed()) await node.close();
    await this.#portMapper.kill();
  }
}
