import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { command, event, service } from '../../../src/services/services.ts';
import { inQueue } from '../../../src/services/wire.ts';
import { numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { add, entries, entryCount, MIGRATIONS } from './tally.ts';

const database = { migrations: MIGRATIONS };

/** What programs see that know AMQP and nothing of the toolkit, and what services see of them. */
export function wireTests(footing: CurrentFooting): void {
  describe('the wire', () => {
    test('a message of a service says what it is in standard properties', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const client = await scene.client();
      const queue = scene.name('foreign');
      await client.declare({
        exchanges: [{ exchange: placed.name, type: 'topic' }],
        queues: [{ queue }],
        bindings: [{ queue, exchange: placed.name, routingKey: '#' }],
      });
      const app = await scene.stage.run([]);
      const messageId = await app.publish(placed, { id: 'a', count: 1 });
      await scene.stage.disturb();
      const seen: unknown[] = [];
      await client.consume(queue, (delivery) => {
        seen.push({ ...delivery.properties, body: delivery.json(), key: delivery.routingKey });
      });
      await scene.stage.until('it is there', () => seen.length > 0);
      expect(seen[0]).toMatchObject({
        messageId,
        type: placed.name,
        contentType: 'application/json',
        deliveryMode: 2,
        timestamp: expect.any(Number),
        body: { id: 'a', count: 1 },
        key: 'none',
      });
    });

    test('a program that knows only the exchange is understood, and answered', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: z.object({ doubled: z.number() }) });
      const maths = service(scene.name('maths'), { database });
      await scene.stage.run([maths.with(maths.on(double, ({ count }) => ({ doubled: count * 2 })))]);
      const client = await scene.client();
      const message = { exchange: double.name, routingKey: 'whatever', body: { id: 'a', count: 8 } };
      const called = client.call(message, { timeoutMs: 10_000 });
      await scene.stage.disturb();
      expect((await scene.stage.whenDone(called)).json()).toEqual({ doubled: 16 });
    });

    test('a payload that no contract allows is a dead letter at once, and names the place', async () => {
      const scene = await Scene.open(footing());
      const note = command(scene.name('note'), numbered);
      const notes = service(scene.name('notes'), { database });
      const unit = notes.with(notes.on(note, (entry, context) => add(context.database, entry)));
      const app = await scene.stage.run([unit]);
      const client = await scene.client();
      await client.publish({ exchange: note.name, routingKey: 'none', body: { id: 'a', count: 'many' } });
      await client.publish({ exchange: note.name, routingKey: 'none', body: 'not even JSON' });
      await client.publish({ routingKey: inQueue(unit.name), type: 'nothing.known', body: { id: 'a' } });
      await client.publish({ exchange: note.name, routingKey: 'none', body: { id: 'good', count: 1 } });
      await scene.stage.disturb();
      const letters = await scene.deadLetters(unit.name, 3);
      const errors = letters.map((letter) => String(letter.headers.get('x-error'))).join('\n');
      expect(errors).toContain('count');
      expect(errors).toContain('JSON');
      expect(errors).toContain('nothing.known');
      await scene.stage.until(
        'the good one is there',
        async () => (await entryCount(app.database(unit))) > 0,
      );
      expect(await entries(app.database(unit))).toEqual([{ id: 'good', count: 1 }]);
    });

    test('a command that nobody can receive stays in the outbox until its service runs', async () => {
      const scene = await Scene.open(footing());
      const place = command(scene.name('place'), numbered);
      const ship = command(scene.name('ship'), numbered);
      const orders = service(scene.name('orders'), { database });
      const shipping = service(scene.name('shipping'), { database });
      const ordersUnit = orders.with(orders.on(place, (order, context) => context.send(ship, order)));
      const shippingUnit = shipping.with(shipping.on(ship, (order, context) => add(context.database, order)));
      const app = await scene.stage.run([ordersUnit]);
      await scene.stage.whenDone(app.call(place, { id: 'a', count: 1 }));
      await scene.stage.until('it waits in the outbox', async () => {
        const [row] = await app.database(ordersUnit).all`select id from leveret_outbox`;
        return row !== undefined;
      });
      await scene.stage.disturb();
      const later = await scene.stage.run([shippingUnit]);
      await scene.stage.until(
        'it was shipped',
        async () => (await entryCount(later.database(shippingUnit))) > 0,
      );
      expect(await entries(later.database(shippingUnit))).toEqual([{ id: 'a', count: 1 }]);
    });

    test('a trace goes on from message to message', async () => {
      const scene = await Scene.open(footing());
      const first = event(scene.name('first'), numbered);
      const second = event(scene.name('second'), numbered);
      const one = service(scene.name('one'), { database });
      const unit = one.with(one.on(first, (step, context) => context.publish(second, step)));
      await scene.stage.run([unit]);
      const client = await scene.client();
      const queue = scene.name('foreign');
      await client.declare({
        exchanges: [{ exchange: second.name, type: 'topic' }],
        queues: [{ queue }],
        bindings: [{ queue, exchange: second.name, routingKey: '#' }],
      });
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
      await client.publish({
        exchange: first.name,
        routingKey: 'none',
        messageId: scene.name('message'),
        headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
        body: { id: 'a', count: 1 },
      });
      await scene.stage.disturb();
      const seen: unknown[] = [];
      await client.consume(queue, (delivery) => void seen.push(delivery.headers.get('traceparent')));
      await scene.stage.until('it is there', () => seen.length > 0);
      expect(seen[0]).toContain(trace);
    });

    test('a queue that exists with other arguments is told of, with what to do', async () => {
      const scene = await Scene.open(footing());
      const note = command(scene.name('note'), numbered);
      const notes = service(scene.name('notes'));
      const unit = notes.with(notes.on(note, () => undefined));
      await (await scene.client()).declare({
        queues: [{ queue: inQueue(unit.name), arguments: { 'x-max-length': 5 } }],
      });
      const failure = await scene.stage.whenDone(scene.stage.run([unit]).catch((error: unknown) => error));
      expect(failure).toBeInstanceOf(Error);
      expect((failure as Error).message).toContain(inQueue(unit.name));
      expect((failure as Error).message).toContain('leveret topology');
    });
  });
}
