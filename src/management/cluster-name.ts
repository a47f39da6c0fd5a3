import type { ManagementContext } from './management-context.ts';

/** What an operator called the cluster; the name of its only node until then. */
export function clusterName({ broker }: ManagementContext): string {
  const parameter = broker.parameters.global('cluster_name');
  const name: unknown = parameter === undefined ? undefined : JSON.parse(parameter.value);
  return typeof name === 'string' && name !== '' ? name : broker.settings.nodeName;
}
