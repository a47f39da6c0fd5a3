/** `GET /api/feature-flags`, `/api/deprecated-features...` and `/api/extensions`: what tools ask before they begin. */
import type { FastifyInstance } from 'fastify';
import { answerJson } from '../listing.ts';
import { listRoute, type ReadContext, readRoute } from '../read-request.ts';
import { View } from '../view.ts';

interface FeatureFlag {
  readonly name: string;
  readonly description: string;
}

/** Those of RabbitMQ 3.13 that say something about what clients and tools may use. All are on: there is nothing to switch. */
const FEATURE_FLAGS: readonly FeatureFlag[] = [
  {
    name: 'classic_mirrored_queue_version',
    description: 'Support setting version for classic mirrored queues',
  },
  { name: 'detailed_queues_endpoint', description: 'Add a detailed queues HTTP API endpoint' },
  { name: 'drop_unroutable_metric', description: 'Count unroutable publishes to be dropped in stats' },
  { name: 'empty_basic_get_metric', description: 'Count AMQP `basic.get` on empty queues in stats' },
  { name: 'implicit_default_bindings', description: 'Default bindings are implicit' },
  { name: 'maintenance_mode_status', description: 'Maintenance mode status' },
  { name: 'message_containers', description: 'Message containers' },
  { name: 'quorum_queue', description: 'Support queues of type `quorum`' },
  { name: 'stream_queue', description: 'Support queues of type `stream`' },
  { name: 'user_limits', description: 'Configure connection and channel limits for a user' },
  { name: 'virtual_host_metadata', description: 'Virtual host metadata (description, tags, etc)' },
];

/** What RabbitMQ will not do for ever. Here it stays. */
const DEPRECATED_FEATURES: readonly FeatureFlag[] = [
  { name: 'classic_queue_mirroring', description: 'Classic queue mirroring: accepted, without effect' },
  { name: 'global_qos', description: 'Quality of service shared by all consumers of a channel' },
  { name: 'management_metrics_collection', description: 'Statistics in the management API' },
  { name: 'transient_nonexcl_queues', description: 'Queues that are neither durable nor exclusive' },
];

const FEATURE_FLAG_VIEW: View<FeatureFlag> = new View<FeatureFlag>({
  name: ({ name }) => name,
  desc: ({ description }) => description,
  doc_url: () => '',
  state: () => 'enabled',
  stability: () => 'stable',
  provided_by: () => 'rabbit',
});

const DEPRECATED_FEATURE_VIEW: View<FeatureFlag> = new View<FeatureFlag>({
  name: ({ name }) => name,
  desc: ({ description }) => description,
  deprecation_phase: () => 'permitted_by_default',
  doc_url: () => '',
  provided_by: () => 'rabbit',
  state: () => 'permitted',
});

export function featureFlagRoutes(app: FastifyInstance, context: ReadContext): void {
  const flags = { view: FEATURE_FLAG_VIEW, sortedBy: ['name'] };
  const deprecated = { view: DEPRECATED_FEATURE_VIEW, sortedBy: ['name'] };
  listRoute(app, context, '/feature-flags', flags, () => FEATURE_FLAGS);
  listRoute(app, context, '/deprecated-features', deprecated, () => DEPRECATED_FEATURES);
  listRoute(app, context, '/deprecated-features/used', deprecated, () => []);
  // RabbitMQ lists the scripts of its own pages here.
  readRoute(app, context, '/extensions', (_request, reply) => answerJson(reply, []));
}
