import type { ClusterState } from '../management-host.ts';
import { type MetricHead, MetricsText } from './metrics-text.ts';

/** What each node of a cluster says of itself. */
interface ClusterMetric extends MetricHead {
  readonly type: 'gauge';
  readonly value: (state: ClusterState) => number;
}

export const CLUSTER_METRICS: readonly ClusterMetric[] = [
  {
    name: 'leveret_cluster_owner',
    type: 'gauge',
    help: '1 on the node of a cluster that owns the log, 0 on the others',
    value: ({ role }) => (role === 'owner' ? 1 : 0),
  },
  {
    name: 'leveret_cluster_epoch',
    type: 'gauge',
    help: 'How often the log was taken over, as this node knows',
    value: ({ epoch }) => epoch,
  },
  {
    name: 'leveret_cluster_serves_clients',
    type: 'gauge',
    help: '1 while clients of this node are served, by itself or by the owner',
    value: ({ servesClients }) => (servesClients ? 1 : 0),
  },
];

/** What a node without a broker shows to Prometheus: the metrics of messages are those of the owner. */
export function standbyMetrics(state: ClusterState): string {
  const text = new MetricsText();
  for (const metric of CLUSTER_METRICS) {
    text.head(metric);
    text.sample(metric.name, '', metric.value(state));
  }
  return text.take();
}
