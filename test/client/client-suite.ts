import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Closed,
  field,
  type IncomingDelivery,
  Refused,
  Rejected,
  Returned,
  Timeout,
  TopologyMismatch,
} from '../../src/client/client.ts';
import { Arrivals } from '../servers/arrivals.ts';
import { cutAndRestored, gate, gather, openClient, openQueue, uniqueName } from './client-scene.ts';
import type { Footing } from './footing.ts';

/** Where the brokers differ, and so what the client does on them. Everything else in this suite is the same on all. */
const EXCEPTIONS = {
  /** Only Leveret delays messages without a queue to wait in. */
  'a retry waits in an expiring queue': { Leveret: false, RabbitMQ: true },
} as const;

/** What the client does, whatever carries it and whichever broker is at the other end. */
export function clientSuite(name: string, openFooting: () => Promise<Footing>): void {
  describe(name, () => {
    let footing: Footing;
    beforeAll(async () => {
      footing = await openFooting();
    });
    afterAll(() => footing.close());

    test('a message is confirmed, handled and acknowledged', async () => {
      const client = await openClient(footing);
      expect(client.product).toBe(footing.product);
      const queue = await openQueue(client);
      const messageId = await client.publish({ routingKey: queue, body: { id: 1 }, type: 'order' });
      const arrivals = await gather(client, queue);
      const [delivery] = (await arrivals.take(1)) as [IncomingDelivery];
      expect(delivery.json()).toEqual({ id: 1 });
      expect(delivery).toMatchObject({ messageId, contentType: 'application/json', type: 'order', queue });
      await client.drain();
      expect(delivery.isSettled).toBe(true);
      expect(await client.inspect(queue)).toEqual({ messageCount: 0, consumerCount: 0 });
    });

    test('a body is read back as what it was', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const bodies = [{ deep: [1, null, 'ü'] }, 'für', new Uint8Array([0, 255]), 42, null, true, ''];
      for (const body of bodies) await client.publish({ routingKey: queue, body });
      const deliveries = await (await gather(client, queue)).take(bodies.length);
      expect(
        deliveries.map(({ body }) => (body instanceof Uint8Array ? new Uint8Array(body) : body)),
      ).toEqual(bodies);
    });

    test('properties and headers of every type arrive', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const timestamp = new Date(1_700_000_000_000);
      const headers = {
        text: 'für',
        whole: 42,
        large: 2 ** 40,
        fraction: 0.5,
        yes: true,
        nothing: null,
        bytes: new Uint8Array([0, 1]),
        list: [1, 'two', { three: 3 }],
        table: { inner: { deep: 'value' } },
      };
      const properties = {
        messageId: 'my-id',
        correlationId: 'c',
        replyTo: 'r',
        type: 't',
        appId: 'a',
        priority: 3,
      };
      await client.publish({
        routingKey: queue,
        body: 'x',
        headers,
        timestamp,
        expirationMs: 60_000,
        ...properties,
      });
      const [delivery] = (await (await gather(client, queue)).take(1)) as [IncomingDelivery];
      expect(delivery.properties).toMatchObject({ ...properties, expiration: '60000', deliveryMode: 2 });
      expect(delivery.timestamp).toEqual(timestamp);
      expect(Object.fromEntries(delivery.headers)).toMatchObject({
        text: 'für',
        whole: 42,
        large: 2 ** 40,
        fraction: 0.5,
        yes: true,
        nothing: null,
        list: [1, 'two', new Map([['three', 3]])],
        table: new Map([['inner', new Map([['deep', 'value']])]]),
      });
      expect([...(delivery.headers.get('bytes') as Uint8Array)]).toEqual([0, 1]);
    });

    test('exact types of headers are kept', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const headers = new Map([
        ['time', field.timestamp(1_700_000_000)],
        ['double', field.double(2)],
        ['long', field.long(1)],
      ]);
      await client.publish({ routingKey: queue, body: 'x', headers });
      const [delivery] = (await (await gather(client, queue)).take(1)) as [IncomingDelivery];
      expect(Object.fromEntries(delivery.headers)).toMatchObject({ time: 1_700_000_000, double: 2, long: 1 });
      expect(delivery.properties.headers?.get('time')).toEqual(field.timestamp(1_700_000_000));
    });

    test('many messages at a time are confirmed and arrive in order', async () => {
      const client = await openClient(footing, { unconfirmedMax: 100 });
      const queue = await openQueue(client);
      const bodies = Array.from({ length: 1_000 }, (_, index) => index);
      const ids = await Promise.all(bodies.map((body) => client.publish({ routingKey: queue, body })));
      expect(new Set(ids).size).toBe(bodies.length);
      const deliveries = await (await gather(client, queue)).take(bodies.length);
      expect(deliveries.map(({ body }) => body)).toEqual(bodies);
    });

    test('a mandatory message that no queue takes is returned, and others are not', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const returned = once(client, 'returned');
      const results = await Promise.allSettled([
        client.publish({ routingKey: queue, body: 1 }, { mandatory: true }),
        client.publish(
          { routingKey: uniqueName('nowhere'), body: 2, messageId: 'lost' },
          { mandatory: true },
        ),
        client.publish({ routingKey: uniqueName('nowhere'), body: 3 }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(Returned);
      expect((results[1] as PromiseRejectedResult).reason).toMatchObject({
        replyCode: 312,
        messageId: 'lost',
      });
      expect((await returned)[0]).toMatchObject({ replyCode: 312, messageId: 'lost' });
    });

    test('a message that a full queue refuses is rejected', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client, { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
      await client.publish({ routingKey: queue, body: 1 });
      await expect(client.publish({ routingKey: queue, body: 2, messageId: 'too much' })).rejects.toThrow(
        Rejected,
      );
      const batch = [1, 2].map((body) => ({ routingKey: queue, body }));
      await client.purge(queue);
      await expect(client.publishBatch(batch)).rejects.toMatchObject({ code: 'BATCH_FAILED' });
    });

    test('a message for an exchange that is not there is refused, and those around it are confirmed', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const sent = Array.from({ length: 50 }, (_, index) =>
        client.publish(
          index % 20 === 10
            ? { exchange: uniqueName('missing'), routingKey: queue, body: index }
            : { routingKey: queue, body: index },
        ),
      );
      const results = await Promise.allSettled(sent);
      const failed = results.flatMap((result, index) => (result.status === 'rejected' ? [index] : []));
      expect(failed).toEqual([10, 30]);
      expect((results[10] as PromiseRejectedResult).reason).toBeInstanceOf(Refused);
      expect((results[10] as PromiseRejectedResult).reason).toMatchObject({ replyCode: 404 });
      await client.publish({ routingKey: queue, body: 'after' });
    });

    test('a message that has no form on the wire is refused before it is sent', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await expect(client.publish({ routingKey: 'r'.repeat(256), body: 1 })).rejects.toThrow();
      await expect(client.publish({ routingKey: queue, body: new Map() })).rejects.toThrow(TypeError);
      await expect(client.publish({ routingKey: queue, body: 1, contentType: 'text/plain' })).rejects.toThrow(
        TypeError,
      );
      await client.publish({ routingKey: queue, body: 'after' });
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 1 });
    });

    test('a batch resolves with its ids once all are confirmed', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const batch = Array.from({ length: 500 }, (_, body) => ({ routingKey: queue, body }));
      expect(new Set(await client.publishBatch(batch)).size).toBe(500);
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 500 });
      expect(await client.publishBatch([])).toEqual([]);
    });

    test('handlers run one at a time, or as many as asked for', async () => {
      const client = await openClient(footing);
      for (const concurrency of [1, 4]) {
        const queue = await openQueue(client);
        await client.publishBatch(Array.from({ length: 12 }, (_, body) => ({ routingKey: queue, body })));
        let running = 0;
        let most = 0;
        const seen = new Arrivals<unknown>();
        await client.consume(
          queue,
          async (delivery) => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            seen.push(delivery.body);
          },
          { concurrency },
        );
        const bodies = await seen.take(12);
        expect(most).toBe(concurrency);
        if (concurrency === 1) expect(bodies).toEqual(Array.from({ length: 12 }, (_, index) => index));
      }
    });

    test('no more than the prefetch count is delivered before it is acknowledged', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publishBatch(Array.from({ length: 20 }, (_, body) => ({ routingKey: queue, body })));
      const deliveries = await client.consume(queue, { prefetch: 5 });
      const first: IncomingDelivery[] = [];
      for (let count = 0; count < 5; count++) first.push((await deliveries.next()).value as IncomingDelivery);
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 15 });
      for (const delivery of first) expect(delivery.ack()).toBe(true);
      expect((await deliveries.next()).value?.body).toBe(5);
    });

    test('leaving an iteration gives back what it did not see, and what it saw can be settled', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publishBatch([1, 2, 3].map((body) => ({ routingKey: queue, body })));
      let left: IncomingDelivery | undefined;
      for await (const delivery of await client.consume(queue)) {
        left = delivery;
        break;
      }
      expect(await client.inspect(queue)).toMatchObject({ consumerCount: 0 });
      expect(left?.ack()).toBe(true);
      const bodies = (await (await gather(client, queue)).take(2)).map(({ body }) => body);
      expect(bodies.sort()).toEqual([2, 3]);
    });

    test('a delivery is settled once', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publish({ routingKey: queue, body: 1 });
      const delivery = (await (await client.consume(queue)).next()).value as IncomingDelivery;
      delivery.ack();
      expect(() => delivery.ack()).toThrow(/settled already/);
      await expect(delivery.retry({ delayMs: 10 })).rejects.toThrow(/settled already/);
    });

    test('what fails goes back to the queue, or to the dead letters, or where a function says', async () => {
      const client = await openClient(footing);
      const dead = await openQueue(client);
      const deadLettering = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      const queues = [
        await openQueue(client),
        await openQueue(client, deadLettering),
        await openQueue(client),
      ];
      const failed = new Arrivals<unknown>();
      client.on('handlerFailed', (reason) => failed.push(reason));
      const seen = new Arrivals<string>();
      const policies = [
        'requeue',
        'dead-letter',
        (_: unknown, delivery: IncomingDelivery) => delivery.ack(),
      ] as const;
      for (const [index, queue] of queues.entries()) {
        const onFailure = policies[index] as (typeof policies)[number];
        await client.consume(
          queue,
          (delivery) => {
            seen.push(`${index} ${delivery.redelivered}`);
            if (!delivery.redelivered) throw new Error(`failure ${index}`);
          },
          { onFailure },
        );
        await client.publish({ routingKey: queue, body: index });
      }
      expect((await seen.take(4)).sort()).toEqual(['0 false', '0 true', '1 false', '2 false']);
      expect((await failed.take(3)).map(String).sort()).toEqual([0, 1, 2].map((n) => `Error: failure ${n}`));
      const [letter] = (await (await gather(client, dead)).take(1)) as [IncomingDelivery];
      expect(letter.body).toBe(1);
      expect(letter.headers.get('x-first-death-reason')).toBe('rejected');
    });

    test('a retry comes later, with the same id, and knows where it was published to', async () => {
      const client = await openClient(footing);
      const exchange = uniqueName('events');
      const queue = await openQueue(client);
      await client.declare({
        exchanges: [{ exchange, type: 'topic' }],
        bindings: [{ queue, exchange, routingKey: 'order.*' }],
      });
      const seen = new Arrivals<IncomingDelivery>();
      await client.consume(queue, async (delivery) => {
        seen.push(delivery);
        if (delivery.retryCount < 2) await delivery.retry({ delayMs: 30 });
      });
      const startMs = performance.now();
      const messageId = await client.publish({
        exchange,
        routingKey: 'order.new',
        body: { id: 1 },
        headers: { a: 1 },
      });
      const deliveries = await seen.take(3);
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(55);
      expect(deliveries.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
      for (const delivery of deliveries) {
        expect(delivery).toMatchObject({ messageId, exchange, routingKey: 'order.new', body: { id: 1 } });
        expect(delivery.headers.get('a')).toBe(1);
      }
      const waitsInQueue = EXCEPTIONS['a retry waits in an expiring queue'][footing.product];
      expect((await client.inspect(`${queue}.retry.30`)) !== undefined).toBe(waitsInQueue);
      await client.drain();
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 0 });
    });

    test('a call is answered with what the handler returns', async () => {
      const client = await openClient(footing);
      const server = await openClient(footing);
      const queue = await openQueue(server);
      await server.consume(queue, async (request) => ({ doubled: request.json<{ n: number }>().n * 2 }), {
        concurrency: 10,
      });
      const answers = await Promise.all(
        [1, 2, 3].map((n) => client.call({ routingKey: queue, body: { n } })),
      );
      expect(answers.map((answer) => answer.json())).toEqual([
        { doubled: 2 },
        { doubled: 4 },
        { doubled: 6 },
      ]);
    });

    test('headers that fit into no frame are refused, and break no connection', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const lost: unknown[] = [];
      client.on('disconnected', (reason) => lost.push(reason));
      const large = { routingKey: queue, body: 'large', headers: { note: 'x'.repeat(200_000) } };
      await expect(client.publish(large)).rejects.toThrow(RangeError);
      await expect(client.call(large)).rejects.toThrow(RangeError);
      await client.publish({ routingKey: queue, body: 'small', headers: { note: 'x'.repeat(50_000) } });
      expect((await (await client.consume(queue)).next()).value?.body).toBe('small');
      expect(lost).toEqual([]);
    });

    test('calls that are under way under one message id are all answered', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.consume(queue, async ({ body }) => ({ got: body }), { concurrency: 3 });
      const answers = await Promise.all(
        [1, 2, 3].map((body) => client.call({ routingKey: queue, body, messageId: 'same' })),
      );
      expect(answers.map((answer) => answer.json())).toEqual([{ got: 1 }, { got: 2 }, { got: 3 }]);
      const named = { routingKey: queue, body: 1, correlationId: 'mine' };
      const first = client.call(named);
      await expect(client.call(named)).rejects.toThrow("correlationId 'mine'");
      expect((await first).json()).toEqual({ got: 1 });
    });

    test('a call fails when its handler does, when it takes too long, and when there is no queue', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const silent = await openQueue(client);
      client.on('handlerFailed', () => {});
      await client.consume(queue, () => Promise.reject(new Error('out of stock')), {
        onFailure: 'dead-letter',
      });
      await expect(client.call({ routingKey: queue, body: 1 })).rejects.toMatchObject({
        code: 'CALL_FAILED',
        message: expect.stringContaining('out of stock'),
      });
      await expect(client.call({ routingKey: silent, body: 1 }, { timeoutMs: 20 })).rejects.toThrow(Timeout);
      await expect(client.call({ routingKey: uniqueName('nowhere'), body: 1 })).rejects.toThrow(Returned);
      // the request that timed out has expired with it
      await client.publish({ routingKey: silent, body: 'next' });
      expect((await (await client.consume(silent)).next()).value?.body).toBe('next');
    });

    test('a declaration may be repeated, and says what differs', async () => {
      const client = await openClient(footing);
      const exchange = uniqueName('events');
      const queue = uniqueName('orders');
      const declaration = {
        exchanges: [{ exchange, type: 'topic' }],
        queues: [{ queue, arguments: { 'x-message-ttl': 60_000 } }],
        bindings: [{ queue, exchange, routingKey: '#' }],
      };
      const first = await client.declare(declaration);
      expect((await client.declare(declaration)).queues[0]).toBe(first.queues[0]);
      await client.publish({ exchange, routingKey: 'any', body: 1 }, { mandatory: true });

      const ttl = client.declare({ queues: [{ queue, arguments: { 'x-message-ttl': 10 } }] });
      await expect(ttl).rejects.toThrow(TopologyMismatch);
      await expect(ttl).rejects.toMatchObject({
        kind: 'queue',
        resource: queue,
        argument: 'x-message-ttl',
        declared: '10',
        existing: '60000',
      });
      const type = client.declare({ exchanges: [{ exchange, type: 'direct' }] });
      await expect(type).rejects.toMatchObject({ kind: 'exchange', argument: 'type', existing: 'topic' });
      const durable = client.declare({ queues: [{ ...declaration.queues[0], durable: false }] });
      await expect(durable).rejects.toMatchObject({
        argument: 'durable',
        declared: 'false',
        existing: 'true',
      });

      await client.delete({ queues: [queue], exchanges: [exchange] });
      expect(await client.inspect(queue)).toBeUndefined();
      await client.delete({ queues: [queue], exchanges: [exchange] });
    });

    test('binding to an exchange that is not there is refused by name', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const exchange = uniqueName('missing');
      const bound = client.declare({ bindings: [{ queue, exchange }] });
      await expect(bound).rejects.toThrow(Refused);
      await expect(bound).rejects.toThrow(exchange);
      await expect(client.consume(uniqueName('missing'), () => {})).rejects.toMatchObject({ replyCode: 404 });
    });

    test('signals end waiting', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const reason = new Error('changed my mind');
      const aborted = AbortSignal.abort(reason);
      await expect(client.publish({ routingKey: queue, body: 1 }, { signal: aborted })).rejects.toBe(reason);
      await expect(client.call({ routingKey: queue, body: 1 }, { signal: aborted })).rejects.toBe(reason);
      await expect(client.declare({ queues: [{ queue }] }, { signal: aborted })).rejects.toBe(reason);
      await expect(client.consume(queue, () => {}, { signal: aborted })).rejects.toBe(reason);

      const stop = new AbortController();
      const deliveries = await client.consume(queue, { signal: stop.signal });
      const calling = client.call({ routingKey: queue, body: 1 }, { signal: stop.signal });
      await deliveries.next();
      stop.abort(reason);
      await expect(calling).rejects.toBe(reason);
      expect(await deliveries.next()).toEqual({ done: true, value: undefined });
      await client.publish({ routingKey: queue, body: 2 });
    });

    test('drain lets handlers finish and gives back the rest; close ends it', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publishBatch([1, 2, 3].map((body) => ({ routingKey: queue, body })));
      const begun = gate();
      const finish = gate();
      await client.consume(queue, async (delivery) => {
        begun.open();
        await finish.opened;
        await client.publish({ routingKey: queue, body: `after ${delivery.body}` });
      });
      await begun.opened;
      await expect(client.drain({ timeoutMs: 20 })).rejects.toThrow(Timeout);
      const drained = client.drain();
      finish.open();
      await drained;
      expect(await client.inspect(queue)).toEqual({ messageCount: 3, consumerCount: 0 });
      await expect(client.consume(queue)).rejects.toThrow(Closed);

      const closed = once(client, 'closed');
      await client.close();
      expect((await closed)[0]).toBeUndefined();
      await expect(client.publish({ routingKey: queue, body: 1 })).rejects.toThrow(Closed);
      await expect(client.declare({})).rejects.toThrow(Closed);
      await client.close();
    });

    test('closing rejects what is not confirmed and ends iterations', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const deliveries = await client.consume(queue);
      const next = deliveries.next();
      const called = client.call({ routingKey: uniqueName('a') + queue, body: 1 });
      const publishing = Promise.allSettled([called, client.publish({ routingKey: queue, body: 1 })]);
      await client.close();
      expect((await next).done).toBe(true);
      for (const result of await publishing) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
      }
    });

    test('a wrong password is refused', async () => {
      const options = typeof footing.address === 'string' ? {} : { username: 'guest', password: 'wrong' };
      const address =
        typeof footing.address === 'string'
          ? footing.address.replace('guest:guest', 'guest:wrong')
          : footing.address;
      await expect(openClient({ ...footing, address }, options)).rejects.toMatchObject({ replyCode: 403 });
    });

    test('after a cut: told by events, topology and consumers are there again', async () => {
      const client = await openClient(footing);
      const exchange = uniqueName('events');
      const { queues } = await client.declare({
        exchanges: [{ exchange, type: 'fanout', durable: false, autoDelete: true }],
        queues: [{}],
      });
      const [own] = queues;
      if (own === undefined) throw new Error('no queue was declared');
      await client.declare({ bindings: [{ queue: own.queue, exchange }] });
      const firstName = own.queue;
      const arrivals = await gather(client, own.queue);
      const events: string[] = [];
      for (const event of ['connected', 'disconnected', 'reconnecting', 'restored'] as const)
        client.on(event, () => events.push(event));

      await cutAndRestored(footing, client);
      expect(events.filter((event, index) => event !== events[index - 1])).toEqual([
        'disconnected',
        'reconnecting',
        'connected',
        'restored',
      ]);
      expect(own.queue).not.toBe(firstName);
      await client.publish({ exchange, routingKey: '', body: 'again' }, { mandatory: true });
      expect((await arrivals.take(1))[0]).toMatchObject({ body: 'again', queue: own.queue });
    });

    test('a settlement of an older connection is dropped, and the message comes again', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publish({ routingKey: queue, body: 1 });
      const deliveries = await client.consume(queue);
      const old = (await deliveries.next()).value as IncomingDelivery;
      expect(old.signal.aborted).toBe(false);
      await cutAndRestored(footing, client);
      expect([old.isLost, old.signal.aborted]).toEqual([true, true]);
      const dropped = once(client, 'settlementDropped');
      expect(old.ack()).toBe(false);
      expect((await dropped)[0]).toBe(old);
      expect(await old.retry({ delayMs: 1 })).toBe(false);
      const again = (await deliveries.next()).value as IncomingDelivery;
      expect(again).toMatchObject({ body: 1, messageId: old.messageId, redelivered: true });
      expect(again.ack()).toBe(true);
      await deliveries.return();
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 0 });
    });

    test('what is not acknowledged comes again after a cut, and what is does not, in whichever order', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      await client.publishBatch(Array.from({ length: 10 }, (_, body) => ({ routingKey: queue, body })));
      const deliveries = await client.consume(queue);
      const first: IncomingDelivery[] = [];
      while (first.length < 10) first.push((await deliveries.next()).value as IncomingDelivery);
      for (const index of [8, 0, 1, 4, 9]) first[index]?.ack();
      first[2]?.requeue();
      expect((await deliveries.next()).value).toMatchObject({ body: 2, redelivered: true });
      await cutAndRestored(footing, client);
      const again: unknown[] = [];
      while (again.length < 5) again.push((await deliveries.next()).value?.body);
      expect(again.sort()).toEqual([2, 3, 5, 6, 7]);
      expect(await client.inspect(queue)).toMatchObject({ messageCount: 0 });
    });

    test('what is published while there is no connection is sent later, or not when it is given up', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const disconnected = once(client, 'disconnected');
      footing.cut();
      await disconnected;
      const stop = new AbortController();
      const given = client.publish({ routingKey: queue, body: 'given up' }, { signal: stop.signal });
      const kept = client.publish({ routingKey: queue, body: 'kept' });
      stop.abort(new Error('enough'));
      await expect(given).rejects.toThrow('enough');
      await kept;
      expect((await (await gather(client, queue)).take(1))[0]?.body).toBe('kept');
    });

    test('calls that were not answered are sent again after a cut', async () => {
      const client = await openClient(footing);
      const server = await openClient(footing);
      const queue = await openQueue(server);
      const began = gate();
      let isCut = false;
      await server.consume(queue, async (request) => {
        began.open();
        if (!isCut) await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
        return 'done';
      });
      const called = client.call({ routingKey: queue, body: 1 });
      await began.opened;
      // the request is confirmed, and nothing but its answer is missing
      await client.drain();
      isCut = true;
      await cutAndRestored(footing, client, server);
      expect((await called).body).toBe('done');
    });

    test('a consumer that keeps the order hands a queue over where it ended', async () => {
      const first = await openClient(footing);
      const second = await openClient(footing);
      const queue = await openQueue(first, { 'x-single-active-consumer': true });
      const seen: unknown[] = [];
      const began = gate();
      const mayEnd = gate();
      const consumer = await first.consume(
        queue,
        async ({ body }) => {
          if (body === 10) began.open();
          if (body === 10) await mayEnd.opened;
          seen.push(body);
        },
        { prefetch: 50, keepOrder: true },
      );
      const all = gate();
      await second.consume(queue, ({ body }) => {
        seen.push(body);
        if (body === 300) all.open();
      });
      const bodies = Array.from({ length: 300 }, (_, body) => body);
      await first.publishBatch(bodies.map((body) => ({ routingKey: queue, body })));
      await began.opened;
      const ended = consumer.cancel();
      // what the next consumer got too early would be here before the answer to this
      await second.publish({ routingKey: queue, body: 300 });
      mayEnd.open();
      await Promise.all([ended, all.opened]);
      expect(seen).toEqual([...bodies, 300]);
    });

    test('an iteration that keeps the order gives back what is not settled, and nothing overtakes it', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client, { 'x-single-active-consumer': true });
      const deliveries = await client.consume(queue, { prefetch: 50, keepOrder: true });
      const next = await openClient(footing);
      const arrivals = await gather(next, queue);
      const bodies = Array.from({ length: 100 }, (_, body) => body);
      await client.publishBatch(bodies.map((body) => ({ routingKey: queue, body })));
      const taken: IncomingDelivery[] = [];
      for await (const delivery of deliveries) {
        taken.push(delivery);
        if (taken.length === 20) break;
        if (taken.length <= 10) delivery.ack();
      }
      expect(taken.map(({ isLost }) => isLost)).toEqual([...Array(10).fill(false), ...Array(10).fill(true)]);
      const rest = await arrivals.take(90);
      expect(rest.map(({ body }) => body)).toEqual(bodies.slice(10));
      expect(await client.inspect(queue)).toMatchObject({ consumerCount: 1 });
    });

    test('a consumer ends when its queue is deleted', async () => {
      const client = await openClient(footing);
      const queue = await openQueue(client);
      const deliveries = await client.consume(queue);
      const ended = once(client, 'consumerEnded');
      const next = expect(deliveries.next()).rejects.toThrow(/is gone/);
      await client.delete({ queues: [queue] });
      await next;
      expect((await ended)[0]).toBe(queue);
    });

    test('cut again and again while publishing and consuming: nothing is lost, and repeats have their id', async () => {
      const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      const publisher = await openClient(footing);
      const consumer = await openClient(footing);
      const queue = await openQueue(publisher);
      const seen = new Map<string, Set<unknown>>();
      const all = gate();
      const count = 3_000;
      await consumer.consume(queue, (delivery) => {
        const bodies = seen.get(delivery.messageId ?? '') ?? new Set();
        seen.set(delivery.messageId ?? '', bodies.add(delivery.body));
        if (seen.size === count) all.open();
      });
      const random = lehmer(seed);
      const ids: string[] = [];
      const publishing: Promise<unknown>[] = [];
      for (let body = 0; body < count; body++) {
        publishing.push(publisher.publish({ routingKey: queue, body }).then((id) => ids.push(id)));
        if (random() < 0.005) footing.cut();
        if (random() < 0.05) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(publishing);
      await all.opened;
      expect(new Set(ids).size, `SEED=${seed}`).toBe(count);
      for (const id of ids) expect(seen.get(id)?.size, `SEED=${seed}: message ${id}`).toBe(1);
      expect(new Set([...seen.values()].flatMap((bodies) => [...bodies])).size, `SEED=${seed}`).toBe(count);
    });

    test('a broker that is gone for a while and comes back: confirmed messages are there, others follow', async () => {
      const publisher = await openClient(footing);
      const consumer = await openClient(footing);
      const queue = await openQueue(publisher);
      await publisher.publishBatch(Array.from({ length: 200 }, (_, body) => ({ routingKey: queue, body })));
      const under = Array.from({ length: 200 }, (_, index) =>
        publisher.publish({ routingKey: queue, body: 200 + index }),
      );
      const disconnected = once(publisher, 'disconnected');
      const restored = [once(publisher, 'restored'), once(consumer, 'restored')];
      await footing.restart(async () => {
        await disconnected;
        under.push(publisher.publish({ routingKey: queue, body: 400 }));
      });
      await Promise.all([...under, ...restored]);
      const bodies = new Set<unknown>();
      const all = gate();
      await consumer.consume(queue, ({ body }) => {
        bodies.add(body);
        if (bodies.size === 401) all.open();
      });
      await all.opened;
    });
  });
}

/** The same numbers for the same seed. */
function lehmer(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
