import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../../test/servers/raw-client.ts';
import type { Server } from '../../test/servers/server.ts';
import { cpuSeconds } from '../process-cpu.ts';
import { processMemory } from '../process-memory.ts';
import { atLeast, below, type Check } from './check.ts';
import { inGroups } from './in-groups.ts';

const CONNECTION_COUNT = 2000;
const IDLE_CONNECTION_COUNT = 100;
const OPENING_MAX = 50;
/** What clients take by default. */
const HEARTBEAT_S = 60;
const TIMEOUT_MS = 30_000;
const SETTLE_MS = 1000;
const IDLE_MS = 10_000;
const KILOBYTES_MAX = 60;
const KILOBYTE = 1e3;
const CPU_PERCENT_MAX = 1;

/** 2,000 connections with a channel each: what an idle one takes, and whether all of them work. */
export async function measureManyConnections(server: Server): Promise<Check[]> {
  const before = processMemory(server.pid).rssBytes;
  const startedMs = performance.now();
  const clients = await openClients(server, CONNECTION_COUNT);
  const openSeconds = (performance.now() - startedMs) / 1000;
  await delay(SETTLE_MS);
  const perConnection = (processMemory(server.pid).rssBytes - before) / CONNECTION_COUNT;
  const echoes = await inGroups(CONNECTION_COUNT, OPENING_MAX, (index) =>
    echoed(clients[index] as RawClient, index),
  );
  await closeClients(clients);
  return [
    { part: 'scale', what: 'open 2,000 connections with a channel', value: openSeconds, unit: 's' },
    {
      part: 'scale',
      what: 'RSS per idle connection with a channel',
      value: perConnection / KILOBYTE,
      unit: 'KB',
      target: below('promise', KILOBYTES_MAX),
    },
    {
      part: 'scale',
      what: 'connections that sent and got a message',
      value: echoes.filter((works) => works).length,
      unit: 'connections',
      target: atLeast('promise', CONNECTION_COUNT),
    },
  ];
}

/** Processor time of the broker while 100 connections do nothing. */
export async function measureIdle(server: Server): Promise<Check[]> {
  const clients = await openClients(server, IDLE_CONNECTION_COUNT);
  await delay(SETTLE_MS);
  const before = cpuSeconds(server.pid);
  const startedMs = performance.now();
  await delay(IDLE_MS);
  const idleSeconds = (performance.now() - startedMs) / 1000;
  const after = cpuSeconds(server.pid);
  await closeClients(clients);
  return [
    {
      part: 'scale',
      what: 'processor time with 100 idle connections',
      value: percentOfCore(before, after, idleSeconds),
      unit: '% of a core',
      target: below('promise', CPU_PERCENT_MAX),
    },
  ];
}

/** From two readings of processor time in seconds; not a number when a reading is missing. */
export function percentOfCore(
  before: number | undefined,
  after: number | undefined,
  seconds: number,
): number {
  return before === undefined || after === undefined ? Number.NaN : ((after - before) / seconds) * 100;
}

function openClients(server: Server, count: number): Promise<RawClient[]> {
  return inGroups(count, OPENING_MAX, async () => {
    const client = await RawClient.connect({ ...server, heartbeat: HEARTBEAT_S, timeoutMs: TIMEOUT_MS });
    await client.openChannel(1);
    return client;
  });
}

async function closeClients(clients: readonly RawClient[]): Promise<void> {
  await inGroups(clients.length, OPENING_MAX, (index) => (clients[index] as RawClient).close());
}

/** Whether a message comes back through a queue of the connection's own. */
async function echoed(client: RawClient, index: number): Promise<boolean> {
  const channel = client.channel(1);
  const { queue } = await channel.call('queue.declare', { exclusive: true });
  const body = `from connection ${index}`;
  channel.publish({ routingKey: queue }, {}, body);
  await channel.call('basic.consume', { queue, noAck: true });
  const delivery = await channel.expect('basic.deliver');
  return new TextDecoder().decode(delivery.body) === body;
}
