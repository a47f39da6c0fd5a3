import type { ClusterNode, ClusterNodes, ClusterState, ClusterStream } from '../management-host.ts';

/** What a broker without a cluster says. */
export interface SingleState extends Omit<ClusterState, 'role'> {
  readonly role: 'single';
}

/** A node of a cluster, or a broker without one. */
export interface AnyNode extends Omit<ClusterNode, 'role'> {
  readonly role: ClusterNode['role'] | 'single';
}

/** What `GET /v1/cluster` answers: the same on every node, whatever its role. */
export function clusterAnswer({
  owner,
  leaseMs: lease_ms,
  servesClients: serves_clients,
  ...state
}: ClusterState | SingleState): object {
  return { ...state, owner: owner ?? null, lease_ms, serves_clients };
}

/** What `GET /v1/cluster/nodes` answers. */
export function nodesAnswer({ nodes, streams }: ClusterNodes): object {
  return { nodes: nodes.map(nodeAnswer), streams: streams.map(streamAnswer) };
}

export function nodeAnswer({
  standbyMode: standby_mode,
  httpAddress: http_address,
  amqpAddress: amqp_address,
  ...node
}: AnyNode): object {
  return { ...node, standby_mode, http_address, amqp_address };
}

function streamAnswer({ replicas, ...stream }: ClusterStream): object {
  const shown = replicas.map(({ isCurrent: is_current, isOffline: is_offline, ...replica }) => ({
    ...replica,
    is_current,
    is_offline,
  }));
  return { ...stream, replicas: shown };
}
