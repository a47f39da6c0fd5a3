import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { portForRestarts } from '../servers/port-for-restarts.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';
import type { Footing } from './footing.ts';

/** Leveret in a process of its own, on disk, behind a line that can be cut. It is stopped with SIGKILL. */
export async function leveretFooting(): Promise<Footing> {
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-client-'));
  const server = new DurableLeveret({ dataDir, port: await portForRestarts() });
  await server.start();
  const proxy = await TcpProxy.start({ host: server.host, port: server.port });
  return {
    product: 'Leveret',
    address: proxy.amqpUrl,
    cut: () => proxy.cut(),
    restart: async (whileGone = async () => {}) => {
      await server.kill();
      await whileGone();
      await server.start();
    },
    close: async () => {
      await proxy.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
