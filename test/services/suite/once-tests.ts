import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { command, event, service } from '../../../src/services/services.ts';
import { gate, numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { add, entries, entryCount, MIGRATIONS } from './tally.ts';

const database = { migrations: MIGRATIONS };
const COUNT = 20;

/** Every message has its effect once. */
export function onceTests(footing: CurrentFooting): void {
  describe('effect once', () => {
    test('a message with the same id is handled once, and answered again', async () => {
      const scene = await Scene.open(footing());
      const place = command(scene.name('place'), numbered, { reply: z.object({ place: z.number() }) });
      const orders = service(scene.name('orders'), { database });
      let runs = 0;
      const unit = orders.with(
        orders.on(place, async (order, context) => {
          await add(context.database, order);
          runs += 1;
          return { place: runs };
        }),
      );
      const app = await scene.stage.run([unit]);
      const ask = (): Promise<{ place: number }> =>
        scene.stage.whenDone(app.call(place, { id: 'a', count: 1 }, { messageId: scene.name('order') }));
      const first = await ask();
      await scene.stage.disturb();
      expect(await ask()).toEqual(first);
      expect(await entryCount(app.database(unit))).toBe(1);
    });

    test('what a handler did before it failed is undone, and what it sent is not sent', async () => {
      const scene = await Scene.open(footing());
      const place = command(scene.name('place'), numbered);
      const placed = event(scene.name('placed'), numbered);
      const orders = service(scene.name('orders'), { database });
      const mails = service(scene.name('mails'));
      const mailed: number[] = [];
      let attempts = 0;
      const unit = orders.with(
        orders.on(
          place,
          async (order, context) => {
            attempts += 1;
            const attempt = { ...order, count: attempts };
            await add(context.database, attempt);
            await context.publish(placed, attempt);
            if (attempts < 3) throw new Error(`attempt ${attempts} fails`);
          },
          { retry: { now: 3 } },
        ),
      );
      const app = await scene.stage.run([
        unit,
        mails.with(mails.on(placed, ({ count }) => void mailed.push(count))),
      ]);
      await app.send(place, { id: 'a', count: 0 });
      await scene.stage.disturb();
      await scene.stage.until('the mail is there', () => mailed.length > 0);
      expect(new Set(mailed)).toEqual(new Set([attempts]));
      expect(await entries(app.database(unit))).toEqual([{ id: 'a', count: attempts }]);
    });

    for (const crash of ['before-commit', 'after-commit', 'before-ack'] as const) {
      test(`a service that crashes ${crash} with each message loses none, and does nothing twice`, async () => {
        const scene = await Scene.open(footing(), { crash });
        const place = command(scene.name('place'), numbered);
        const placed = event(scene.name('placed'), numbered);
        const orders = service(scene.name('orders'), { database });
        const books = service(scene.name('books'), { database });
        const ordersUnit = orders.with(
          orders.on(place, async (order, context) => {
            await add(context.database, order);
            await context.publish(placed, order);
          }),
        );
        const booksUnit = books.with(books.on(placed, (order, context) => add(context.database, order)));
        const app = await scene.stage.run([ordersUnit, booksUnit]);
        const sent = Array.from({ length: COUNT }, (_, count) => app.send(place, { id: `${count}`, count }));
        await scene.stage.disturb();
        await scene.stage.whenDone(Promise.all(sent));
        await scene.stage.until(
          'all is in the books',
          async () => (await entryCount(app.database(booksUnit))) >= COUNT,
        );
        expect(await entryCount(app.database(ordersUnit))).toBe(COUNT);
        expect(await entryCount(app.database(booksUnit))).toBe(COUNT);
      });
    }

    test('messages that come twice and in any order have their effect once', async () => {
      const scene = await Scene.open(footing(), { duplicates: true, shuffle: true });
      const placed = event(scene.name('placed'), numbered);
      const booked = event(scene.name('booked'), numbered);
      const books = service(scene.name('books'), { database });
      const audit = service(scene.name('audit'), { database });
      const booksUnit = books.with(
        books.on(placed, async (order, context) => {
          await add(context.database, order);
          await context.publish(booked, order);
        }),
      );
      const auditUnit = audit.with(audit.on(booked, (order, context) => add(context.database, order)));
      const app = await scene.stage.run([booksUnit, auditUnit]);
      const sent = Array.from({ length: COUNT }, (_, count) =>
        app.publish(placed, { id: `${count}`, count }),
      );
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(sent));
      await scene.stage.until(
        'all was audited',
        async () => (await entryCount(app.database(auditUnit))) >= COUNT,
      );
      expect(await entryCount(app.database(booksUnit))).toBe(COUNT);
      expect(await entryCount(app.database(auditUnit))).toBe(COUNT);
    });

    test('a call of a handler that is tried again is the same call', async () => {
      const scene = await Scene.open(footing());
      const charge = command(scene.name('charge'), numbered, { reply: z.object({ ok: z.boolean() }) });
      const place = command(scene.name('place'), numbered);
      const payments = service(scene.name('payments'), { database });
      const orders = service(scene.name('orders'), { database });
      const paymentsUnit = payments.with(
        payments.on(charge, async (payment, context) => {
          await add(context.database, payment);
          return { ok: true };
        }),
      );
      let attempts = 0;
      const ordersUnit = orders.with(
        orders.on(place, async (order, context) => {
          await context.call(charge, order);
          attempts += 1;
          if (attempts < 3) throw new Error('not yet');
          await add(context.database, order);
        }),
      );
      const app = await scene.stage.run([paymentsUnit, ordersUnit]);
      await app.send(place, { id: 'a', count: 10 });
      await scene.stage.disturb();
      await scene.stage.until(
        'the order is there',
        async () => (await entryCount(app.database(ordersUnit))) > 0,
      );
      expect(await entries(app.database(paymentsUnit))).toEqual([{ id: 'a', count: 10 }]);
    });

    test('a message that is lost with the broker while it is handled has its effect once', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const books = service(scene.name('books'), { database });
      const { opened, open } = gate();
      let runs = 0;
      const unit = books.with(
        books.on(placed, async (order, context) => {
          runs += 1;
          await opened;
          await add(context.database, order);
        }),
      );
      const app = await scene.stage.run([unit]);
      await app.publish(placed, { id: 'a', count: 1 });
      await scene.stage.until('it is handled', () => runs > 0);
      await scene.stage.disturb();
      open();
      await scene.stage.until('it was booked', async () => (await entryCount(app.database(unit))) > 0);
      await app.publish(placed, { id: 'b', count: 2 });
      await scene.stage.until('another was booked', async () => (await entryCount(app.database(unit))) > 1);
      expect(await entries(app.database(unit))).toEqual([
        { id: 'a', count: 1 },
        { id: 'b', count: 2 },
      ]);
    });

    test('a service without a database loses nothing, either', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const mailed = event(scene.name('mailed'), numbered);
      const mails = service(scene.name('mails'));
      const audit = service(scene.name('audit'));
      const seen = new Set<number>();
      const app = await scene.stage.run([
        mails.with(mails.on(placed, (order, context) => context.publish(mailed, order))),
        audit.with(audit.on(mailed, ({ count }) => void seen.add(count))),
      ]);
      const sent = Array.from({ length: 100 }, (_, count) => app.publish(placed, { id: `${count}`, count }));
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(sent));
      await scene.stage.until('all was audited', () => seen.size === 100);
    });
  });
}
