import { startRabbitmqCluster } from '../../test/servers/rabbitmq-cluster.ts';
import type { ClusterSide, Entrance } from './cluster-side.ts';

const NODES = 3;

/** Three nodes with quorum queues, each with a member on every node. Its leader is where it was declared, which is the first node. */
export async function startRabbitmqSide(): Promise<ClusterSide> {
  const cluster = await startRabbitmqCluster(NODES);
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error(`a cluster of ${NODES} nodes has two`);
  return {
    name: 'RabbitMQ',
    versions: `${NODES} RabbitMQ ${first.version}, a quorum queue of ${NODES} members`,
    queueType: 'quorum',
    port: async (entrance: Entrance) => (entrance === 'owner' ? first.port : second.port),
    pids: () => cluster.nodes.map((node) => node.pid),
    close: () => cluster.close(),
  };
}
