import { field } from '../../codec/field-table.ts';
import type { Publication } from './publication.ts';

/** Says in the header x-delivery-count how often the message came back, as quorum queues do. */
export function showDeliveryCount(publication: Publication, returnCount: number): void {
  const properties = publication.properties();
  const headers = new Map(properties.headers).set('x-delivery-count', field.long(returnCount));
  publication.replaceProperties({ ...properties, headers });
}
