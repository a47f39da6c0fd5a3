import type { ManagementContext } from '../management-context.ts';
import { labelsOf } from './metrics-text.ts';

/** The labels of rabbitmq_build_info and rabbitmq_identity_info: who answers, and in which version. */
export function identityLabels(
  { broker, host }: ManagementContext,
  endpoint: string,
): { readonly build: string; readonly identity: string } {
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
      rabbitmq_cluster: clusterName(broker.parameters.global('cluster_name')?.value) ?? nodeName,
      rabbitmq_cluster_permanent_id: nodeName,
      rabbitmq_endpoint: endpoint,
    }),
  };
}

/** An operator may have set it: a global parameter whose value is a JSON string. */
function clusterName(json: string | undefined): string | undefined {
  const name: unknown = json === undefined ? undefined : JSON.parse(json);
  return typeof name === 'string' ? name : undefined;
}
