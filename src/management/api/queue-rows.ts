import type { Queue } from '../../core/queue/queue.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';

/** A queue, and the vhost that it is in. */
export interface QueueRow {
  readonly queue: Queue;
  readonly vhost: VirtualHost;
}

export function* queuesOf(vhosts: Iterable<VirtualHost>): Generator<QueueRow> {
  for (const vhost of vhosts) {
    for (const queue of vhost.queues.values()) yield { queue, vhost };
  }
}
