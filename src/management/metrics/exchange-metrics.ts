/** RabbitMQ's metrics of exchanges. */
import type { Exchange } from '../../core/vhost/exchange.ts';
import type { ObjectMetric } from './metric.ts';

export const EXCHANGE_METRICS: readonly ObjectMetric<Exchange>[] = [
  {
    name: 'exchange_messages_published_total',
    type: 'counter',
    help: 'Total number of messages published into an exchange',
    family: 'exchange_metrics',
    value: (exchange) => exchange.counters.publishIn,
    total: ({ counters }) => counters.publishIn,
  },
];

/** Only at /metrics/detailed, with the prefix rabbitmq_cluster_. */
export const CLUSTER_EXCHANGE_METRICS: readonly ObjectMetric<Exchange>[] = [
  {
    name: 'exchange_bindings',
    type: 'gauge',
    help: 'Number of bindings for an exchange. This value is cluster-wide.',
    family: 'exchange_bindings',
    value: (exchange) => exchange.bindings.size,
  },
  {
    name: 'exchange_name',
    type: 'gauge',
    help: 'Enumerates exchanges without any additional info. This value is cluster-wide. A cheaper alternative to `exchange_bindings`',
    family: 'exchange_names',
    value: () => 1,
  },
];
