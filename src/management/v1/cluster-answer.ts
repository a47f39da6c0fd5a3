import type { ClusterState } from '../management-host.ts';

/** What a broker without a cluster says. */
export interface SingleState extends Omit<ClusterState, 'role'> {
  readonly role: 'single';
}

/** What `GET /v1/cluster` answers: the same on every node, whatever its role. */
export function clusterAnswer({ owner, ...state }: ClusterState | SingleState): object {
  return { ...state, owner: owner ?? null };
}
