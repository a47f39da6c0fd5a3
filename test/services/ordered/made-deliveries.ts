import { DeliveryChannel } from '../../../src/client/delivery-channel.ts';
import { type DeliveryHost, IncomingDelivery } from '../../../src/client/incoming-delivery.ts';
import type { TransportChannel } from '../../../src/client/transport.ts';
import { field } from '../../../src/codec/field-table.ts';
import type { BasicProperties } from '../../../src/codec/properties.ts';

/** Deliveries of a channel that exists only in a test. */
export class MadeDeliveries {
  readonly requeued: number[] = [];
  readonly channel: DeliveryChannel = new DeliveryChannel({
    reject: (deliveryTag: number) => this.requeued.push(deliveryTag),
    ack: () => {},
  } as unknown as TransportChannel);

  make(payload: unknown, properties: BasicProperties = {}): IncomingDelivery {
    const host = { keepsResults: false, onDropped: () => {} } as unknown as DeliveryHost;
    return new IncomingDelivery(host, this.channel, 'q', {
      exchange: 'e',
      routingKey: 'slot.0',
      properties,
      body: new TextEncoder().encode(JSON.stringify(payload)),
      deliveryTag: 0,
      redelivered: false,
    });
  }

  /** One that was put off before. */
  makeRetried(payload: unknown): IncomingDelivery {
    return this.make(payload, { headers: new Map([['x-retry-count', field.int(1)]]) });
  }
}
