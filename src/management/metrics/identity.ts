import { clusterName } from '../cluster-name.ts';
import type { ManagementContext } from '../management-context.ts';
import { labelsOf } from './metrics-text.ts';

/** The labels of rabbitmq_build_info and rabbitmq_identity_info: who answers, and in which version. */
export function identityLabels(
  context: ManagementContext,
  endpoint: string,
): { readonly build: string; readonly identity: string } {
  const { broker, host } = context;
  const { nodeName, productVersion } = broker.settings;
  const ownVersion = host.node().version;
  return {
    build: labelsOf({
      rabbitmq_version: productVersion,
      prometheus_plugin_version: productVersion,
      prometheus_client_version: ownVersion,
      erlang_version: `Node.js ${process.version}`,
      product_name: 'Leveret',
      product_version: ownVersion,
    }),
    identity: labelsOf({
      rabbitmq_node: nodeName,
      rabbitmq_cluster: clusterName(context),
      rabbitmq_cluster_permanent_id: nodeName,
      rabbitmq_endpoint: endpoint,
    }),
  };
}
