import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import type { Random } from '../../src/core/environment.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { ApiUnderTest } from '../management/api-under-test.ts';
import { below, pick } from './frame-mutation.ts';
import { mutateRequest } from './http-mutation.ts';
import {
  type FuzzRequest,
  type KnownNames,
  type Operation,
  operationsOf,
  RequestMaker,
} from './http-requests.ts';

/*
 * Valid requests are made of the OpenAPI document, damaged, and handed to the application; some of them over a socket, with
 * their bytes damaged, too. Whatever arrives: no defect, no memory that stays, and others are served as before.
 *
 *   LEVERET_HTTP_FUZZ_RUNS=20000 npm run test:fuzz      fewer requests
 *   LEVERET_SEED=17 npm run test:fuzz                   the batch that a failure named comes first
 */

const RUNS = Number(process.env['LEVERET_HTTP_FUZZ_RUNS'] ?? 200_000);
const SEED = Number(process.env['LEVERET_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Requests with one seed, so that a failure can be repeated without those before. */
const BATCH_RUNS = 10_000;
/** Requests that are under way at a time. */
const AT_ONCE = 100;
/** Of a batch, the requests that go over a socket. */
const SOCKETS_PER_BATCH = 200;
const SOCKETS_AT_ONCE = 20;
const SEEN_MAX = 200;
/** Compiled code and caches with a bound; what really leaks grows past it. */
const HEAP_GROWTH_BYTES_MAX = 24 * 1024 * 1024;
const QUEUES = ['q1', 'q/2', 'quorum', 'limited', 'schöne'];
const EXCHANGES = ['amq.default', 'amq.topic', 'amq.fanout', 'amq.headers', 'delayed'];
const USERS = ['guest:guest', 'guest:guest', 'guest:guest', 'worker:worker', 'nobody:nobody'];

class HttpFuzz {
  readonly #api: ApiUnderTest;
  readonly #operations: readonly Operation[];
  readonly #names: KnownNames = { queues: QUEUES, exchanges: EXCHANGES, seen: [] };
  /** How often each status was answered. */
  readonly statuses = new Map<number, number>();

  private constructor(api: ApiUnderTest, operations: readonly Operation[]) {
    this.#api = api;
    this.#operations = operations;
  }

  static async start(): Promise<HttpFuzz> {
    const api = await ApiUnderTest.start({ seed: 1 });
    api.addUser('worker', [], ['', '.*', '^q']);
    api.addUser('nobody', []);
    const { json } = await api.get('/v1/openapi.json');
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    return new HttpFuzz(api, operationsOf(json));
  }

  async runBatch(seed: number, count: number): Promise<void> {
    const random = new SeededRandom(seed);
    await this.#declare();
    this.#names.seen.length = 0;
    for (let done = 0; done < count; done += AT_ONCE) {
      await this.#runSome(random, Math.min(AT_ONCE, count - done));
    }
    for (let done = 0; done < SOCKETS_PER_BATCH; done += SOCKETS_AT_ONCE)
      await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, () => this.#sendDamaged(random)));
    await this.#checkUsable();
    await this.#clear();
  }

  async #runSome(random: Random, count: number): Promise<void> {
    const requests = Array.from({ length: count }, () => this.#request(random));
    let left = count;
    const answered = Promise.all(
      requests.map(async (request) => {
        await this.#inject(request);
        left--;
      }),
    );
    while (left > 0) {
      await this.#api.running.settled();
      // Streams have no end of their own, and give a message again whenever its lease is over.
      this.#api.broker.leases.stopReceivers();
      await this.#api.running.clock.advance('10m');
    }
    await answered;
  }

  #request(random: Random): FuzzRequest {
    const request = new RequestMaker(random, this.#names).make(pick(random, this.#operations));
    const user = pick(random, USERS);
    request.headers['authorization'] = `Basic ${Buffer.from(user).toString('base64')}`;
    if (below(random, 5) !== 0) mutateRequest(request, random);
    return request;
  }

  async #inject(request: FuzzRequest): Promise<void> {
    const { method, headers, body } = request;
    const { statusCode, body: text } = await this.#api.app.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url: urlOf(request),
      headers,
      ...(body === undefined ? {} : { payload: Buffer.from(body) }),
    });
    this.statuses.set(statusCode, (this.statuses.get(statusCode) ?? 0) + 1);
    if ((statusCode >= 500 && statusCode !== 503) || this.#api.defects.length > 0)
      throw new Error(
        `${describe(request)}\nanswered ${statusCode}: ${text}\n${this.#api.defects.join('\n')}`,
      );
    this.#learn(text);
  }

  /** Names in answers, for later requests. */
  #learn(text: string): void {
    const { seen } = this.#names;
    for (const [, name] of text.matchAll(/"(?:lease_id|id|next|position|message_id)":"([^"]{1,60})"/g)) {
      if (name === undefined) continue;
      if (seen.length < SEEN_MAX) seen.push(name);
      else seen[name.length % SEEN_MAX] = name;
    }
  }

  /** The bytes of a request on a socket of its own, some of them others than they were. */
  async #sendDamaged(random: Random): Promise<void> {
    const request = this.#request(random);
    const body = Buffer.from(request.body ?? []);
    const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    const length = below(random, 4) === 0 ? below(random, 1000) : body.length;
    const head = `${request.method} ${urlOf(request)} HTTP/1.1\r\nhost: localhost\r\n${lines.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n`;
    const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body]);
    for (let count = below(random, 4); count > 0; count--)
      bytes[below(random, bytes.length)] = below(random, 256);
    const end = below(random, 4) === 0 ? below(random, bytes.length) : bytes.length;
    await this.#exchange(bytes.subarray(0, end));
    if (this.#api.defects.length > 0)
      throw new Error(`${describe(request)}\n${this.#api.defects.join('\n')}`);
  }

  /** Resolves when the server has answered, closed, or been left. */
  #exchange(bytes: Buffer): Promise<void> {
    const { port } = this.#api.app.server.address() as AddressInfo;
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      const leave = setImmediate.bind(undefined, () => socket.destroy());
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.on('data', () => socket.destroy());
      // Who sends half a request and waits would wait for the server's time-out.
      socket.end(bytes, () => setTimeout(leave, 5));
    });
  }

  async #declare(): Promise<void> {
    const connection = await this.#api.running.connect();
    const channel = await connection.createChannel();
    for (const queue of QUEUES)
      await channel.queueDeclare(queue, { durable: true, arguments: argumentsOf(queue) });
    await channel.exchangeDeclare('delayed', 'x-delayed-message', {
      arguments: { 'x-delayed-type': 'direct' },
    });
    for (const queue of QUEUES) {
      await channel.queueBind(queue, 'amq.topic', { routingKey: '#' });
      await channel.queueBind(queue, 'amq.fanout');
      await channel.queueBind(queue, 'delayed', { routingKey: queue });
    }
    await connection.close();
  }

  async #checkUsable(): Promise<void> {
    const url = '/v1/queues/%2F/healthy';
    const connection = await this.#api.running.connect();
    const channel = await connection.createChannel();
    await channel.queueDeclare('healthy');
    await channel.queuePurge('healthy');
    expect((await this.#api.ask('POST', `${url}/messages`, { payload: 'still here' })).status).toBe(200);
    const { json } = await this.#api.ask('POST', `${url}/receive`, {});
    expect(json.messages[0].payload).toBe('still here');
    const settled = await this.#api.ask('POST', `${url}/leases/${json.messages[0].lease_id}/settle`, {
      action: 'ack',
    });
    expect(settled.status).toBe(200);
    await channel.queueDelete('healthy');
    await connection.close();
  }

  /** All that has a time is over, and all that has a name is gone. */
  async #clear(): Promise<void> {
    const { broker, clock } = this.#api.running;
    const vhost = broker.vhosts.get('/');
    for (const queue of [...(vhost?.queues.values() ?? [])]) vhost?.removeQueue(queue);
    const delayed = vhost?.exchanges.get('delayed');
    if (delayed !== undefined) vhost?.removeExchange(delayed);
    await clock.advance('60d');
    expect(broker.leases).toMatchObject({ count: 0, receiverCount: 0 });
    expect(broker.connectionCount).toBe(0);
  }
}

function argumentsOf(queue: string): Record<string, string | number> {
  if (queue === 'quorum') return { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 };
  if (queue === 'limited') return { 'x-max-length': 20, 'x-overflow': 'reject-publish', 'x-max-priority': 3 };
  return { 'x-max-length': 200, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'q1' };
}

function urlOf({ segments, query }: FuzzRequest): string {
  const path = segments.map(encoded).join('/');
  const parameters = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
  return `/${path}${parameters === '' ? '' : `?${parameters}`}`;
}

const HALF_CHARACTER = /[\ud800-\udfff]/;

/** `encodeURIComponent` refuses half of a character. */
function encoded(text: string): string {
  return text.includes('%') || HALF_CHARACTER.test(text) ? octets(text) : encodeURIComponent(text);
}

function octets(text: string): string {
  return text.replaceAll(
    /[^\w%.-]/g,
    (character) => `%${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
  );
}

function describe(request: FuzzRequest): string {
  const { method, headers, body } = request;
  const text =
    body === undefined ? 'no body' : JSON.stringify(Buffer.from(body).toString('latin1').slice(0, 2000));
  return `${method} ${urlOf(request)}\n${JSON.stringify(headers)}\n${text}`;
}

/** The heap after everything that nobody holds is gone. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

test(`${RUNS} mutated HTTP requests do the broker no harm`, async () => {
  process.stdout.write(`seed ${SEED}\n`);
  const fuzz = await HttpFuzz.start();
  let heapAtStart = 0;
  for (let done = 0; done < RUNS; done += BATCH_RUNS) {
    const seed = SEED + done / BATCH_RUNS;
    const count = Math.min(BATCH_RUNS, RUNS - done);
    try {
      await fuzz.runBatch(seed, count);
    } catch (error) {
      const replay = `LEVERET_SEED=${seed} LEVERET_HTTP_FUZZ_RUNS=${count} npm run test:fuzz`;
      throw new Error(`after ${done} requests, replay with: ${replay}\n${String(error)}`, { cause: error });
    }
    if (done === BATCH_RUNS) heapAtStart = heapBytes();
  }
  if (heapAtStart > 0) expect(heapBytes() - heapAtStart).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  // Most of what is damaged a little still means something: the requests go deep enough.
  for (const status of [200, 400, 401, 403, 404, 410])
    expect(fuzz.statuses.get(status) ?? 0).toBeGreaterThan(0);
});
