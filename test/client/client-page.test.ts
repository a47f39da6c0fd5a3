import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { type BrokerAddress, type Client, type ClientOptions, connect } from '../../src/client/client.ts';
import { startBroker } from '../../src/daemon/start-broker.ts';
import { Arrivals } from '../servers/arrivals.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/client.md', import.meta.url)), 'utf8');

interface Example {
  readonly heading: string;
  readonly code: string;
}

/** The blocks of code of the page, below their headings. */
function examples(): Example[] {
  return PAGE.split(/^## /m).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n')).replace(/^# /, '');
    return [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => ({ heading, code }));
  });
}

/** What `console.log(...); // text` promises, in its order. */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);
}

function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : JSON.stringify(value)
        .replace(/"(\w+)":/g, ' $1: ')
        .replace(/\}/g, ' }')
        .replace(/ {2}/g, ' ');
}

test.each(examples().map((example, index) => [`${index + 1}: ${example.heading}`, example.code]))(
  'the example %s does what the page says',
  async (_, code) => {
    const broker = await startBroker({ amqpPort: 0 });
    onTestFinished(() => broker.close());
    const printed = new Arrivals<string>();
    const clients: Client[] = [];
    onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));
    const connectHere = async (address: BrokerAddress, options?: ClientOptions): Promise<Client> => {
      const client = await connect(typeof address === 'string' ? (broker.url ?? '') : address, options);
      clients.push(client);
      return client;
    };
    const scope = {
      connect: connectHere,
      startBroker,
      save: async () => {},
      console: { log: (value: unknown) => printed.push(asText(value)) },
      ...(code.includes('connect(') ? {} : { client: await preparedClient(connectHere) }),
    };
    const body = code.replace(/^import .*$/gm, '').replace(/\.json<.*?>\(/g, '.json(');
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
    expect(await printed.take(promised(code).length)).toEqual(promised(code));
  },
);

/** What the examples in the middle of the page have at hand. */
async function preparedClient(connectHere: (address: string) => Promise<Client>): Promise<Client> {
  const client = await connectHere('amqp://localhost');
  await client.declare({
    exchanges: [{ exchange: 'events', type: 'topic' }],
    queues: [{ queue: 'orders', arguments: { 'x-max-length': 100_000 } }, { queue: 'prices' }],
    bindings: [{ queue: 'orders', exchange: 'events', routingKey: 'order.*' }],
  });
  await client.publish({ routingKey: 'orders', body: { id: 1 } });
  return client;
}
