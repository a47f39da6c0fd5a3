import { exchangeInPath } from './exchanges.ts';
import { request, segment } from './http.ts';

export type DestinationType = 'queue' | 'exchange';

interface Ends {
  readonly vhost: string;
  /** Empty: the default exchange. */
  readonly source: string;
  readonly destination: string;
  readonly destination_type: DestinationType;
}

export interface BindingRow extends Ends {
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Tells it from others between the same ends, in paths. */
  readonly properties_key: string;
}

export type NewBinding = Omit<BindingRow, 'properties_key'>;

function pathBetween({ vhost, source, destination, destination_type: type }: Ends): string {
  const to = type === 'queue' ? `q/${segment(destination)}` : `e/${segment(exchangeInPath(destination))}`;
  return `/api/bindings/${segment(vhost)}/e/${segment(exchangeInPath(source))}/${to}`;
}

/** Adding what is there already does nothing. */
export function addBinding(binding: NewBinding): Promise<void> {
  const { routing_key, arguments: args } = binding;
  return request('POST', pathBetween(binding), { routing_key, arguments: args });
}

export function removeBinding(binding: BindingRow): Promise<void> {
  return request('DELETE', `${pathBetween(binding)}/${segment(binding.properties_key)}`);
}

export function bindingKey({ source, destination, destination_type, properties_key }: BindingRow): string {
  return JSON.stringify([source, destination_type, destination, properties_key]);
}
