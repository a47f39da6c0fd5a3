import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { command, event, service } from '../../../src/services/services.ts';
import { inQueue } from '../../../src/services/wire.ts';
import { gate, numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { add, entries, entryCount, MIGRATIONS } from './tally.ts';

const database = { migrations: MIGRATIONS };

/** Who gets what, when, and in which order. */
export function flowTests(footing: CurrentFooting): void {
  describe('flow', () => {
    test('an event goes to each service that handles it', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const units = ['books', 'mails', 'audit'].map((name) => {
        const subscriber = service(scene.name(name), { database });
        return subscriber.with(subscriber.on(placed, (order, context) => add(context.database, order)));
      });
      const app = await scene.stage.run(units);
      const sent = [1, 2, 3].map((count) => app.publish(placed, { id: 'a', count }));
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(sent));
      for (const unit of units) {
        await scene.stage.until(
          `${unit.name} has all`,
          async () => (await entryCount(app.database(unit))) >= 3,
        );
        expect((await entries(app.database(unit))).map(({ count }) => count)).toEqual([1, 2, 3]);
      }
    });

    test('an event that nobody handles yet is published all the same', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const app = await scene.stage.run([]);
      await expect(scene.stage.whenDone(app.publish(placed, { id: 'a', count: 1 }))).resolves.toBeTypeOf(
        'string',
      );
    });

    test('two instances share the messages of their service', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const books = service(scene.name('books'), { database });
      const handledBy = new Set<string>();
      const both = gate();
      const instance = (name: string) =>
        books.with(
          books.on(
            placed,
            async (order, context) => {
              handledBy.add(name);
              if (handledBy.size === 2) both.open();
              // one alone handles no second message, however much later the other one is connected again
              await both.opened;
              await add(context.database, order);
            },
            { concurrency: 1 },
          ),
        );
      const one = instance('one');
      const app = await scene.stage.run([one]);
      await scene.stage.run([instance('two')]);
      const sent = Array.from({ length: 100 }, (_, count) => app.publish(placed, { id: `${count}`, count }));
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(sent));
      await scene.stage.until('all is done', async () => (await entryCount(app.database(one))) >= 100);
      expect(await entryCount(app.database(one))).toBe(100);
      expect(handledBy).toEqual(new Set(['one', 'two']));
    });

    test('no more messages are handled at a time than the concurrency says', async () => {
      const scene = await Scene.open(footing());
      const work = event(scene.name('work'), numbered);
      const workers = service(scene.name('workers'));
      let running = 0;
      let most = 0;
      const done = new Set<number>();
      const unit = workers.with(
        workers.on(
          work,
          async ({ count }) => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            done.add(count);
          },
          { concurrency: 3 },
        ),
      );
      const app = await scene.stage.run([unit]);
      const sent = Array.from({ length: 50 }, (_, count) => app.publish(work, { id: 'a', count }));
      await scene.stage.whenDone(Promise.all(sent));
      await scene.stage.until('all is done', () => done.size === 50);
      expect(most).toBe(3);
    });

    test('a message that is sent with a delay comes after it, though its service was away meanwhile', async () => {
      const scene = await Scene.open(footing());
      const start = command(scene.name('start'), numbered);
      const remind = event(scene.name('remind'), numbered);
      const orders = service(scene.name('orders'), { database });
      let sentMs = 0;
      const handledMs: number[] = [];
      const unit = orders.with(
        orders.on(start, async (order, context) => {
          sentMs = context.now().getTime();
          await context.publish(remind, order, { delayMs: 400 });
        }),
        orders.on(remind, async (order, context) => {
          handledMs.push(context.now().getTime());
          await add(context.database, order);
        }),
      );
      const first = await scene.stage.run([unit]);
      await scene.stage.whenDone(first.call(start, { id: 'a', count: 1 }));
      await scene.stage.whenDone(first.close());
      await scene.stage.disturb();
      const second = await scene.stage.run([unit]);
      await scene.stage.until('it has come', async () => (await entryCount(second.database(unit))) > 0);
      expect((handledMs[0] ?? 0) - sentMs).toBeGreaterThanOrEqual(400);
    });

    test('messages of a key are handled in order, over two instances, whatever fails', async () => {
      const scene = await Scene.open(footing());
      const moved = event(scene.name('moved'), numbered, { key: ({ id }) => id });
      const tracking = service(scene.name('tracking'), { database });
      const handled = new Map<string, number[]>();
      const failedOnce = new Set<string>();
      const unit = tracking.with(
        tracking.on(
          moved,
          async (step, context) => {
            const identity = `${step.id} ${step.count}`;
            if (step.count % 7 === 3 && !failedOnce.has(identity)) {
              failedOnce.add(identity);
              throw new Error('try again');
            }
            await add(context.database, step);
            handled.set(step.id, [...(handled.get(step.id) ?? []), step.count]);
          },
          { ordered: true, retry: { now: 1, laterMs: [20, 40, 80] } },
        ),
      );
      const app = await scene.stage.run([unit]);
      await scene.stage.run([unit]);
      const keys = Array.from({ length: 10 }, (_, index) => `key ${index}`);
      const send = async (from: number): Promise<void> => {
        for (let count = from; count < from + 10; count += 1) {
          await Promise.all(keys.map((id) => app.publish(moved, { id, count })));
        }
      };
      await scene.stage.whenDone(send(0));
      await scene.stage.disturb();
      await scene.stage.whenDone(send(10));
      await scene.stage.until('all is done', async () => (await entryCount(app.database(unit))) >= 200);
      expect(await entryCount(app.database(unit))).toBe(200);
      // a message whose commit was made while its connection was lost is seen again, and changes nothing
      const inOrder = Array.from({ length: 20 }, (_, count) => count);
      for (const id of keys) expect([...new Set(handled.get(id))]).toEqual(inOrder);
    });

    test('a batch is handled in one transaction, and a bad message in it fails alone', async () => {
      const scene = await Scene.open(footing());
      const measured = event(scene.name('measured'), numbered);
      const series = service(scene.name('series'), { database });
      let largest = 0;
      const unit = series.with(
        series.onBatch(
          measured,
          async (points, context) => {
            largest = Math.max(largest, points.length);
            for (const point of points) {
              if (point.count === 13) throw new Error('unlucky');
              await add(context.database, point);
            }
          },
          { size: 10, waitMs: 100, retry: { now: 1, laterMs: [] } },
        ),
      );
      const app = await scene.stage.run([unit]);
      const sent = Array.from({ length: 30 }, (_, count) => app.publish(measured, { id: 'a', count }));
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(sent));
      await scene.stage.until(
        'all but one are there',
        async () => (await entryCount(app.database(unit))) >= 29,
      );
      expect((await entries(app.database(unit))).map(({ count }) => count)).toEqual(
        Array.from({ length: 30 }, (_, count) => count).filter((count) => count !== 13),
      );
      expect(largest).toBe(10);
      const letters = await scene.deadLetters(unit.name, 1);
      expect(letters.map((letter) => letter.json())).toEqual([{ id: 'a', count: 13 }]);
    });

    test('what is above a rate waits', async () => {
      const scene = await Scene.open(footing());
      const work = event(scene.name('work'), numbered, { key: ({ id }) => id });
      const workers = service(scene.name('workers'), { database });
      const times = new Map<string, number[]>();
      const unit = workers.with(
        workers.on(
          work,
          async (item, context) => {
            times.set(item.id, [...(times.get(item.id) ?? []), context.now().getTime()]);
            await add(context.database, item);
          },
          { rate: { perSecond: 10, perKey: true } },
        ),
      );
      const app = await scene.stage.run([unit]);
      for (const id of ['a', 'b'])
        for (let count = 0; count < 5; count += 1) await app.publish(work, { id, count });
      await scene.stage.until('all is done', async () => (await entryCount(app.database(unit))) >= 10);
      for (const id of ['a', 'b']) {
        const [first = 0] = times.get(id) ?? [];
        expect((times.get(id)?.at(-1) ?? 0) - first).toBeGreaterThanOrEqual(390);
      }
    });

    test('what waits for a rate keeps nothing else of its service waiting', async () => {
      const scene = await Scene.open(footing());
      const slow = event(scene.name('slow'), numbered);
      const quick = event(scene.name('quick'), numbered);
      const workers = service(scene.name('workers'));
      let slowCount = 0;
      const seen: number[] = [];
      const unit = workers.with(
        workers.on(slow, () => void (slowCount += 1), { rate: { perSecond: 1 }, concurrency: 1 }),
        workers.on(quick, () => void seen.push(slowCount), { concurrency: 1 }),
      );
      const app = await scene.stage.run([unit]);
      for (let count = 0; count < 30; count += 1) await app.publish(slow, { id: 'a', count });
      await app.publish(quick, { id: 'b', count: 0 });
      await scene.stage.until('it is done', () => seen.length > 0);
      expect(seen[0]).toBeLessThan(20);
    });

    test('a recurring job runs once at each of its times, over two instances', async () => {
      const scene = await Scene.open(footing());
      const reports = service(scene.name('reports'), { database });
      const unit = reports.with(
        reports.every('tally', '* * * * * *', (due, context) =>
          add(context.database, { id: due.toISOString(), count: 1 }),
        ),
      );
      const app = await scene.stage.run([unit]);
      await scene.stage.run([unit]);
      await scene.stage.until('two are there', async () => (await entryCount(app.database(unit))) >= 2);
      await scene.stage.disturb();
      const before = await entryCount(app.database(unit));
      await scene.stage.until('it goes on', async () => (await entryCount(app.database(unit))) >= before + 2);
      const dues = (await entries(app.database(unit))).map(({ id }) => id);
      expect(new Set(dues).size).toBe(dues.length);
      expect(dues.every((due) => due.endsWith('.000Z'))).toBe(true);
    });

    test('a payload above a size travels beside the queue', async () => {
      const scene = await Scene.open(footing());
      const folder = await mkdtemp(join(tmpdir(), 'leveret-claims-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const claimCheck = { aboveBytes: 1_000, folder };
      const drawn = event(scene.name('drawn'), z.object({ id: z.string(), picture: z.string() }));
      const draw = command(scene.name('draw'), numbered);
      const artists = service(scene.name('artists'), { database, claimCheck });
      const galleries = service(scene.name('galleries'), { database, claimCheck });
      const artistsUnit = artists.with(
        artists.on(draw, ({ id, count }, context) =>
          context.publish(drawn, { id, picture: 'x'.repeat(count) }),
        ),
      );
      const galleriesUnit = galleries.with(
        galleries.on(drawn, ({ id, picture }, context) =>
          add(context.database, { id, count: picture.length }),
        ),
      );
      const app = await scene.stage.run([artistsUnit, galleriesUnit]);
      const spy = scene.name('spy');
      const client = await scene.client();
      await client.declare({
        queues: [{ queue: spy }],
        bindings: [{ queue: spy, exchange: drawn.name, routingKey: '#' }],
      });
      const sizes: number[] = [];
      await client.consume(spy, (delivery) => void sizes.push(delivery.bytes.length));
      await app.send(draw, { id: 'small', count: 10 });
      await app.send(draw, { id: 'large', count: 100_000 });
      await scene.stage.disturb();
      await scene.stage.until(
        'both are there',
        async () => (await entryCount(app.database(galleriesUnit))) >= 2 && sizes.length >= 2,
      );
      expect(await entries(app.database(galleriesUnit))).toEqual([
        { id: 'large', count: 100_000 },
        { id: 'small', count: 10 },
      ]);
      expect(Math.max(...sizes)).toBeLessThan(1_000);
    });

    test('a service has a cache of its own', async () => {
      const scene = await Scene.open(footing());
      const look = command(scene.name('look'), numbered, { reply: z.object({ price: z.number() }) });
      const prices = service(scene.name('prices'), { cache: {} });
      let loads = 0;
      const unit = prices.with(
        prices.on(look, async ({ id, count }, context) => {
          const price = await context.cache.through(id, async () => {
            loads += 1;
            return count;
          });
          return { price };
        }),
      );
      const app = await scene.stage.run([unit]);
      expect(await scene.stage.whenDone(app.call(look, { id: 'tea', count: 3 }))).toEqual({ price: 3 });
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(app.call(look, { id: 'tea', count: 4 }))).toEqual({ price: 3 });
      expect(loads).toBe(1);
    });

    test('closing lets a handler finish, and what it wrote is there', async () => {
      const scene = await Scene.open(footing());
      const place = command(scene.name('place'), numbered);
      const placed = event(scene.name('placed'), numbered);
      const orders = service(scene.name('orders'), { database });
      const books = service(scene.name('books'), { database });
      const { opened, open } = gate();
      let began = 0;
      const ordersUnit = orders.with(
        orders.on(place, async (order, context) => {
          began += 1;
          await opened;
          await add(context.database, order);
          await context.publish(placed, order);
        }),
      );
      const booksUnit = books.with(books.on(placed, (order, context) => add(context.database, order)));
      const other = await scene.stage.run([booksUnit]);
      const app = await scene.stage.run([ordersUnit]);
      await app.send(place, { id: 'a', count: 1 });
      await scene.stage.until('it is handled', () => began > 0);
      const closing = app.close();
      open();
      await scene.stage.whenDone(closing);
      await scene.stage.until('it was booked', async () => (await entryCount(other.database(booksUnit))) > 0);
      expect(began).toBe(1);
      expect(await (await scene.client()).inspect(inQueue(ordersUnit.name))).toEqual({
        messageCount: 0,
        consumerCount: 0,
      });
    });

    test('an instance that runs is ready, and counts what it does', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const books = service(scene.name('books'), { database });
      const unit = books.with(books.on(placed, (order, context) => add(context.database, order)));
      const app = await scene.stage.run([unit]);
      await scene.stage.until('it is ready', async () => (await app.health()).isReady);
      await scene.stage.disturb();
      await app.publish(placed, { id: 'a', count: 1 });
      await scene.stage.until('it was booked', async () => (await entryCount(app.database(unit))) > 0);
      await scene.stage.until('it is ready again', async () => (await app.health()).isReady);
      expect((await app.health()).units).toMatchObject([{ service: unit.name, isConsuming: true }]);
      expect(await app.metrics()).toContain(unit.name);
    });
  });
}
