import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { done, event, service } from '../../../src/services/services.ts';
import { numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { add, entries, entryCount, MIGRATIONS } from './tally.ts';

const database = { migrations: MIGRATIONS };
const state = z.object({ total: z.number() });

/** Sagas and their timers. */
export function sagaTests(footing: CurrentFooting): void {
  describe('sagas', () => {
    test('messages of a saga change one state, and end it', async () => {
      const scene = await Scene.open(footing());
      const opened = event(scene.name('opened'), numbered);
      const paid = event(scene.name('paid'), numbered);
      const closed = event(scene.name('closed'), numbered);
      const accounts = service(scene.name('accounts'), { database });
      const books = service(scene.name('books'), { database });
      const account = accounts
        .saga('account', { state })
        .starts(
          opened,
          ({ id }) => id,
          () => ({ total: 0 }),
        )
        .on(
          paid,
          ({ id }) => id,
          async ({ id, count }, { total }, context) => {
            if (total + count < 10) return { total: total + count };
            await context.publish(closed, { id, count: total + count });
            return done;
          },
        );
      const unit = accounts.with(account);
      const booksUnit = books.with(books.on(closed, (total, context) => add(context.database, total)));
      const app = await scene.stage.run([unit, booksUnit]);
      const ids = ['a', 'b', 'c'];
      await Promise.all(ids.map((id) => app.publish(opened, { id, count: 0 })));
      const payments = ids.flatMap((id) => [1, 2, 3, 4].map((count) => app.publish(paid, { id, count })));
      await scene.stage.disturb();
      await scene.stage.whenDone(Promise.all(payments));
      await scene.stage.until('all are closed', async () => (await entryCount(app.database(booksUnit))) >= 3);
      expect(await entries(app.database(booksUnit))).toEqual(ids.map((id) => ({ id, count: 10 })));
    });

    test('a timer fires when its time has come, unless it was stopped', async () => {
      const scene = await Scene.open(footing());
      const opened = event(scene.name('opened'), numbered);
      const paid = event(scene.name('paid'), numbered);
      const orders = service(scene.name('orders'), { database });
      const order = orders
        .saga('order', { state: z.object({ id: z.string() }), timers: ['unpaid'] })
        .starts(
          opened,
          ({ id }) => id,
          async ({ id }, context) => {
            await context.startTimer('unpaid', 400);
            return { id };
          },
        )
        .on(
          paid,
          ({ id }) => id,
          async ({ id }, _state, context) => {
            await context.stopTimer('unpaid');
            await add(context.database, { id, count: 1 });
            return { id };
          },
        )
        .timeout('unpaid', async ({ id }, context) => {
          await add(context.database, { id, count: -1 });
          return done;
        });
      const unit = orders.with(order);
      const app = await scene.stage.run([unit]);
      await app.publish(opened, { id: 'late', count: 1 });
      await app.publish(opened, { id: 'paid', count: 1 });
      await app.publish(paid, { id: 'paid', count: 1 });
      await scene.stage.disturb();
      await scene.stage.until('both are over', async () => (await entryCount(app.database(unit))) >= 2);
      expect(await entries(app.database(unit))).toEqual([
        { id: 'late', count: -1 },
        { id: 'paid', count: 1 },
      ]);
    });

    test('a message for a saga that is done is ignored, and one that comes too early is tried again', async () => {
      const scene = await Scene.open(footing());
      const opened = event(scene.name('opened'), numbered);
      const paid = event(scene.name('paid'), numbered);
      const orders = service(scene.name('orders'), { database });
      const order = orders
        .saga('order', { state, retry: { now: 1, laterMs: [200, 200, 200, 200, 200, 200, 200, 200] } })
        .starts(
          opened,
          ({ id }) => id,
          () => ({ total: 0 }),
        )
        .on(
          paid,
          ({ id }) => id,
          async (payment, _state, context) => {
            await add(context.database, payment);
            return done;
          },
        );
      const unit = orders.with(order);
      const app = await scene.stage.run([unit]);
      await app.publish(paid, { id: 'a', count: 1 });
      await scene.stage.disturb();
      await app.publish(opened, { id: 'a', count: 0 });
      await scene.stage.until('it was paid', async () => (await entryCount(app.database(unit))) > 0);
      await app.publish(paid, { id: 'a', count: 2 });
      await app.publish(opened, { id: 'b', count: 0 });
      await app.publish(paid, { id: 'b', count: 3 });
      await scene.stage.until('the other was paid', async () => (await entryCount(app.database(unit))) > 1);
      expect(await entries(app.database(unit))).toEqual([
        { id: 'a', count: 1 },
        { id: 'b', count: 3 },
      ]);
    });
  });
}
