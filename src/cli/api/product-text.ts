import { visible } from '../terminal/text-width.ts';
import { textAt } from './json-fields.ts';

/** `Leveret 0.1.0` or `RabbitMQ 3.10.8`, of an overview. To old clients Leveret calls itself RabbitMQ. */
export function productText(overview: unknown): string {
  const leveretVersion = textAt(overview, 'leveret_version');
  if (leveretVersion !== undefined) return visible(`Leveret ${leveretVersion}`);
  const product = textAt(overview, 'product_name') ?? 'RabbitMQ';
  const version = textAt(overview, 'product_version') ?? textAt(overview, 'rabbitmq_version') ?? '';
  return visible(`${product} ${version}`.trim());
}
