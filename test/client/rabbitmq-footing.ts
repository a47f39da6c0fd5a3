import { portForRestarts } from '../servers/port-for-restarts.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';
import type { Footing } from './footing.ts';

/** Debian's RabbitMQ, behind a line that can be cut. */
export async function rabbitmqFooting(): Promise<Footing> {
  const server = await startRabbitmq({ port: await portForRestarts() });
  const proxy = await TcpProxy.start(server);
  return {
    product: 'RabbitMQ',
    address: proxy.amqpUrl,
    cut: () => proxy.cut(),
    restart: async (whileGone = async () => {}) => {
      const restarted = server.restart();
      await whileGone();
      await restarted;
    },
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}
