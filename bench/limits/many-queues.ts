import { type RawChannel, RawClient } from '../../test/servers/raw-client.ts';
import type { Server } from '../../test/servers/server.ts';
import { processMemory } from '../process-memory.ts';
import { atLeast, type Check } from './check.ts';
import { inGroups } from './in-groups.ts';

const CONNECTION_COUNT = 10;
const CHANNELS_PER_CONNECTION = 10;
const QUEUES_PER_CHANNEL = 100;
const QUEUE_COUNT = CONNECTION_COUNT * CHANNELS_PER_CONNECTION * QUEUES_PER_CHANNEL;
/** A machine that does something else may be slow: this is not what is measured here. */
const TIMEOUT_MS = 30_000;
const KILOBYTE = 1e3;

/** 10,000 queues with a consumer each, over 10 connections with 10 channels: a message to each queue. */
export async function measureManyQueues(server: Server): Promise<Check[]> {
  const clients = await inGroups(CONNECTION_COUNT, CONNECTION_COUNT, () =>
    RawClient.connect({ ...server, timeoutMs: TIMEOUT_MS }),
  );
  const channels = await Promise.all(clients.flatMap(openChannels));
  const before = processMemory(server.pid).rssBytes;
  const declareSeconds = await timed(() => onEveryQueue(channels, declare));
  const consumeSeconds = await timed(() => onEveryQueue(channels, consume));
  const perQueue = (processMemory(server.pid).rssBytes - before) / QUEUE_COUNT;
  let deliveredCount = 0;
  const deliverSeconds = await timed(async () => {
    deliveredCount = await publishAndReceive(channels);
  });
  const deleteSeconds = await timed(() => onEveryQueue(channels, remove));
  await Promise.all(clients.map((client) => client.close()));
  return [
    seconds('declare 10,000 queues', declareSeconds),
    seconds('start 10,000 consumers', consumeSeconds),
    seconds('a message through each queue', deliverSeconds),
    seconds('delete 10,000 queues', deleteSeconds),
    {
      part: 'scale',
      what: 'messages that came out of their own queue',
      value: deliveredCount,
      unit: 'messages',
      target: atLeast('promise', QUEUE_COUNT),
    },
    { part: 'scale', what: 'RSS per queue with a consumer', value: perQueue / KILOBYTE, unit: 'KB' },
  ];
}

function openChannels(client: RawClient): Promise<RawChannel>[] {
  return Array.from({ length: CHANNELS_PER_CONNECTION }, (_, index) => client.openChannel(index + 1));
}

type QueueStep = (channel: RawChannel, queue: string) => Promise<unknown>;

const declare: QueueStep = (channel, queue) => channel.call('queue.declare', { queue });
const consume: QueueStep = (channel, queue) =>
  channel.call('basic.consume', { queue, consumerTag: queue, noAck: true });
const remove: QueueStep = (channel, queue) => channel.call('queue.delete', { queue });

/** All channels at once, each of them one queue after the other. */
async function onEveryQueue(channels: readonly RawChannel[], step: QueueStep): Promise<void> {
  await Promise.all(
    channels.map(async (channel, index) => {
      for (const queue of queuesOf(index)) {
        await step(channel, queue);
      }
    }),
  );
}

/** Publishes on another connection than the consumer's. Returns how many messages came to the consumer of their queue. */
async function publishAndReceive(channels: readonly RawChannel[]): Promise<number> {
  channels.forEach((_, index) => {
    const publisher = channels[(index + CHANNELS_PER_CONNECTION) % channels.length] as RawChannel;
    for (const queue of queuesOf(index)) {
      publisher.publish({ routingKey: queue }, {}, queue);
    }
  });
  const received = await Promise.all(
    channels.map(async (channel) => {
      const deliveries = await channel.expectMany('basic.deliver', QUEUES_PER_CHANNEL);
      return deliveries
        .filter(({ method, body }) => method.consumerTag === new TextDecoder().decode(body))
        .map(({ method }) => method.consumerTag);
    }),
  );
  return new Set(received.flat()).size;
}

function queuesOf(channelIndex: number): string[] {
  return Array.from({ length: QUEUES_PER_CHANNEL }, (_, index) => `bench-scale-${channelIndex}-${index}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

function seconds(what: string, value: number): Check {
  return { part: 'scale', what, value, unit: 's' };
}
