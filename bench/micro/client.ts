/**
 * npm run bench:micro -- client: what the client costs above what carries it. On one broker and in one run: the client over
 * amqplib beside amqplib alone, and the client in the process beside the direct channel alone. Each publishes messages with confirms,
 * at most 1000 unconfirmed, and then consumes them with a prefetch count of 1000, each acknowledged.
 */
import { connect as connectAmqplib } from 'amqplib';
import { type Client, connect } from '../../src/client/client.ts';
import { type RunningBroker, startBroker } from '../../src/daemon/start-broker.ts';
import { type LeveretServer, startLeveret } from '../../test/servers/leveret.ts';
import { markdownTable } from '../markdown-table.ts';
import { median } from '../statistics.ts';

const MESSAGES = 20_000;
const ROUNDS = 5;
const WINDOW = 1_000;
const BODY = Buffer.alloc(100, 1);
const PROJECT_ROOT = process.cwd();

/** Messages a second. */
interface Rates {
  readonly published: number;
  readonly consumed: number;
}

type Contestant = (queue: string) => Promise<Rates>;

async function rate(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (MESSAGES / (performance.now() - startMs)) * 1000;
}

function amqplibAlone(url: string, noDelay: boolean): Contestant {
  return async (queue) => {
    const connection = await connectAmqplib(url, { noDelay });
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue);
    const published = await rate(
      () =>
        new Promise((resolve, reject) => {
          let sent = 0;
          let confirmed = 0;
          const send = (): void => {
            while (sent < MESSAGES && sent - confirmed < WINDOW) {
              sent += 1;
              channel.publish('', queue, BODY, { persistent: true, messageId: `${sent}` }, onConfirm);
            }
          };
          const onConfirm = (failure: unknown): void => {
            if (failure) reject(failure);
            confirmed += 1;
            if (confirmed === MESSAGES) resolve();
            else send();
          };
          send();
        }),
    );
    await channel.prefetch(WINDOW);
    const consumed = await rate(
      () =>
        new Promise((resolve) => {
          let seen = 0;
          void channel.consume(queue, (message) => {
            if (message === null) return;
            channel.ack(message);
            seen += 1;
            if (seen === MESSAGES) resolve();
          });
        }),
    );
    await channel.deleteQueue(queue);
    await connection.close();
    return { published, consumed };
  };
}

/** Keeps `WINDOW` promises under way. */
function publishAll(publish: () => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    const onConfirm = (): void => {
      confirmed += 1;
      if (confirmed === MESSAGES) resolve();
      else if (sent < MESSAGES) send();
    };
    const send = (): void => {
      sent += 1;
      publish().then(onConfirm, reject);
    };
    while (sent < WINDOW) send();
  });
}

function clientOf(open: () => Promise<Client>): Contestant {
  return async (queue) => {
    const client = await open();
    await client.declare({ queues: [{ queue }] });
    const published = await rate(() => publishAll(() => client.publish({ routingKey: queue, body: BODY })));
    const consumed = await rate(
      () =>
        new Promise((resolve) => {
          let seen = 0;
          const handler = (): void => {
            seen += 1;
            if (seen === MESSAGES) resolve();
          };
          void client.consume(queue, handler, { prefetch: WINDOW });
        }),
    );
    await client.drain();
    await client.delete({ queues: [queue] });
    await client.close();
    return { published, consumed };
  };
}

function directChannelAlone(broker: RunningBroker): Contestant {
  return async (queue) => {
    const connection = await broker.connect();
    const channel = await connection.createChannel();
    await channel.queueDeclare(queue, { durable: true });
    await channel.confirmSelect();
    const properties = { deliveryMode: 2, messageId: 'the same' };
    const published = await rate(() =>
      publishAll(() => channel.publish({ routingKey: queue, body: BODY, properties })),
    );
    await channel.qos({ prefetchCount: WINDOW });
    const consumed = await rate(
      () =>
        new Promise((resolve) => {
          let seen = 0;
          void channel.consume(queue, (delivery) => {
            channel.ack(delivery);
            seen += 1;
            if (seen === MESSAGES) resolve();
          });
        }),
    );
    await channel.queueDelete(queue);
    await connection.close();
    return { published, consumed };
  };
}

function contestants(broker: RunningBroker, server: LeveretServer): ReadonlyMap<string, Contestant> {
  const url = broker.url ?? '';
  const options = { unconfirmedMax: WINDOW };
  return new Map([
    ['in this process | direct channel alone', directChannelAlone(broker)],
    ['in this process | client, direct', clientOf(() => connect(broker, options))],
    ['in this process | amqplib alone', amqplibAlone(url, false)],
    ['in this process | amqplib alone, noDelay', amqplibAlone(url, true)],
    ['in this process | client, amqplib', clientOf(() => connect(url, options))],
    ['in its own process | amqplib alone', amqplibAlone(server.amqpUrl, false)],
    ['in its own process | amqplib alone, noDelay', amqplibAlone(server.amqpUrl, true)],
    ['in its own process | client, amqplib', clientOf(() => connect(server.amqpUrl, options))],
  ]);
}

async function measure(all: ReadonlyMap<string, Contestant>): Promise<string[][]> {
  const measured = new Map([...all.keys()].map((name) => [name, [] as Rates[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, contestant] of all) {
      const rates = await contestant('bench-client');
      // the first round warms up
      if (round > 0) measured.get(name)?.push(rates);
    }
  }
  const text = (values: readonly number[]): string => Math.round(median(values)).toLocaleString('en-US');
  return [...measured].map(([name, rates]) => [
    ...name.split(' | '),
    text(rates.map(({ published }) => published)),
    text(rates.map(({ consumed }) => consumed)),
  ]);
}

const broker = await startBroker({ amqpPort: 0 });
const server = await startLeveret({ projectRoot: PROJECT_ROOT, args: ['--storage', 'memory'] });
try {
  const rows = await measure(contestants(broker, server));
  console.log(markdownTable(['broker', 'how', 'published/s', 'consumed/s'], rows, 2));
} finally {
  await server.close();
  await broker.close();
}
