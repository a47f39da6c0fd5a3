import type { OwnAnswer } from '../cluster/standby-http.ts';
import type { ClusterState } from '../management/management-host.ts';
import { standbyMetrics } from '../management/metrics/cluster-metrics.ts';
import { METRICS_CONTENT_TYPE } from '../management/metrics/metrics-text.ts';
import { clusterAnswer } from '../management/v1/cluster-answer.ts';

/** What a node that does not own the log answers itself over HTTP: whether it lives, and what it is. */
export function standbyRoutes(state: () => ClusterState): ReadonlyMap<string, () => OwnAnswer> {
  const ready = (): OwnAnswer => health(state().servesClients);
  const metrics = (): OwnAnswer => ({ text: standbyMetrics(state()), contentType: METRICS_CONTENT_TYPE });
  return new Map<string, () => OwnAnswer>([
    ['/v1/cluster', () => ({ status: 200, body: clusterAnswer(state()) })],
    ['/v1/health', ready],
    ['/v1/health/ready', ready],
    ['/v1/health/live', () => health(true)],
    // it may be making its application, and answer for that long still
    ['/v1/health/owner', () => health(state().role === 'owner')],
    // passed through, the owner's would be counted once for each node
    ['/metrics', metrics],
    ['/metrics/per-object', metrics],
    ['/metrics/detailed', metrics],
  ]);
}

function health(isWell: boolean): OwnAnswer {
  return isWell ? { status: 200, body: { status: 'ok' } } : { status: 503, body: { status: 'unavailable' } };
}
