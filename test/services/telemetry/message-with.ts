import { IncomingMessage } from '../../../src/client/incoming-message.ts';
import { tableOf } from '../../../src/codec/field-table.ts';

/** A message of the contract `orders.placed`, with these headers. */
export function messageWith(headers?: Readonly<Record<string, string>>): IncomingMessage {
  const properties = { messageId: 'm1', correlationId: 'c1', type: 'orders.placed' };
  return new IncomingMessage({
    exchange: 'orders.placed',
    routingKey: 'none',
    properties: headers === undefined ? properties : { ...properties, headers: tableOf(headers) },
    body: new Uint8Array(5),
  });
}
