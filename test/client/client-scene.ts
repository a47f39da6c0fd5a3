import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { type Client, type ClientOptions, connect, type IncomingDelivery } from '../../src/client/client.ts';
import { Arrivals } from '../servers/arrivals.ts';
import type { Footing } from './footing.ts';

/** Reconnects at once, so that no test waits for it. */
const AT_ONCE = { minDelayMs: 5, maxDelayMs: 50 };

let lastName = 0;

/** A name that no other test of this process has. */
export function uniqueName(text: string): string {
  lastName += 1;
  return `${text}-${process.pid}-${lastName}`;
}

/** A client that is closed when the test is over. */
export async function openClient(footing: Footing, options: ClientOptions = {}): Promise<Client> {
  const client = await connect(footing.address, { reconnect: AT_ONCE, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A durable queue of its own, deleted when the test is over. */
export async function openQueue(
  client: Client,
  queueArguments: Readonly<Record<string, string | number | boolean>> = {},
): Promise<string> {
  const queue = uniqueName('client');
  await client.declare({ queues: [{ queue, arguments: queueArguments }] });
  return queue;
}

/** Consumes with a handler that notes and acknowledges. */
export async function gather(client: Client, queue: string): Promise<Arrivals<IncomingDelivery>> {
  const arrivals = new Arrivals<IncomingDelivery>();
  await client.consume(queue, (delivery) => arrivals.push(delivery));
  return arrivals;
}

/** Resolves when the client is itself again after a cut. */
export async function cutAndRestored(footing: Footing, ...clients: Client[]): Promise<void> {
  const restored = clients.map((client) => once(client, 'restored'));
  footing.cut();
  await Promise.all(restored);
}

/** Promises that are settled by hand. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
