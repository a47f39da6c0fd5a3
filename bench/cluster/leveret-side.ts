import type { ClusterSide } from './cluster-side.ts';

export function startLeveretSide(
  _projectRoot: string,
  _profileDirectory: string | undefined,
): Promise<ClusterSide> {
  throw new Error('not yet');
}
