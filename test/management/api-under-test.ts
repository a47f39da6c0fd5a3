import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import type { Broker } from '../../src/core/broker.ts';
import { buildApp } from '../../src/management/build-app.ts';
import type { Listener, ManagementHost, NodeFacts } from '../../src/management/management-host.ts';
import { startTestBroker, type TestBroker, type TestBrokerOptions } from '../../src/testing/test-broker.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  /** The body as JSON; undefined when it is empty. */
  readonly json: ReturnType<typeof JSON.parse>;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS';

/** The HTTP API of a broker in memory with a virtual clock, asked without a socket, as guest unless told otherwise. */
export class ApiUnderTest {
  readonly running: TestBroker;
  readonly app: FastifyInstance;
  /** Defects that the API reported: the test fails at its end when there is one. */
  readonly defects: readonly string[];
  readonly facts: { -readonly [K in keyof NodeFacts]: NodeFacts[K] };

  private constructor(
    running: TestBroker,
    app: FastifyInstance,
    facts: NodeFacts,
    defects: readonly string[],
  ) {
    this.running = running;
    this.app = app;
    this.facts = facts;
    this.defects = defects;
  }

  /** `hostParts`: what the host says beside, or instead of, what it says in all tests. */
  static async start(
    options: TestBrokerOptions = {},
    hostParts: Partial<ManagementHost> = {},
  ): Promise<ApiUnderTest> {
    const running = await startTestBroker(options);
    const facts = { ...FACTS };
    const defects: string[] = [];
    const host: ManagementHost = {
      broker: running.broker,
      node: () => facts,
      listeners: () => LISTENERS,
      ...hostParts,
      certificates: () => [],
    };
    const app = await buildApp(host, (error, what) => defects.push(`${what}: ${error.stack}`));
    const api = new ApiUnderTest(running, app, facts, defects);
    onTestFinished(async () => {
      await app.close();
      await running.close();
      if (defects.length > 0) throw new Error(`defects of the API:\n${defects.join('\n')}`);
    });
    return api;
  }

  get broker(): Broker {
    return this.running.broker;
  }

  /** `user`: as 'name:password'; '' for no log-in. */
  async ask(method: Method, url: string, body?: unknown, user = 'guest:guest'): Promise<Answer> {
    const response = await this.app.inject({
      method,
      url,
      headers: user === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const { statusCode: status, headers, body: text } = response;
    const isJson = String(headers['content-type'] ?? '').includes('json');
    return { status, headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined };
  }

  get(url: string, user?: string): Promise<Answer> {
    return this.ask('GET', url, undefined, user);
  }

  /** Adds a user with these tags, and the permissions that the patterns give in the default vhost. */
  addUser(name: string, tags: readonly string[], [configure, write, read]: readonly string[] = []): void {
    this.broker.putUser(name, name, tags);
    if (configure === undefined) return;
    const patterns = { configure, write: write ?? '', read: read ?? '' };
    this.broker.access.setPermission({ user: name, vhost: '/', ...patterns });
  }
}

const FACTS: NodeFacts = {
  version: '0.1.0',
  osPid: 4711,
  uptimeMs: 60_000,
  processors: 2,
  memoryUsedBytes: 60_000_000,
  memoryLimitBytes: 6_000_000_000,
  diskFreeBytes: 50_000_000_000,
  diskFreeLimitBytes: 536_870_912,
  storedBytes: 0,
  fileDescriptorsUsed: 30,
  fileDescriptorsMax: 1024,
  connectionsMax: 924,
  dataDir: undefined,
};

const LISTENERS: readonly Listener[] = [
  { protocol: 'amqp', host: '127.0.0.1', port: 5672 },
  { protocol: 'http', host: '127.0.0.1', port: 15672 },
];
