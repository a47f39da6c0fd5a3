import type { ClusterState } from '../management-host.ts';

/** What `GET /v1/cluster` answers: the same on every node, whatever its role. */
export function clusterAnswer({ owner, ...state }: ClusterState): object {
  return { ...state, owner: owner ?? null };
}
