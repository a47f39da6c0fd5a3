import { describe, expect, test } from 'vitest';
import { command, event, Fatal, service } from '../../../src/services/services.ts';
import { inQueue } from '../../../src/services/wire.ts';
import { gate, numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { add, entries, entryCount, MIGRATIONS } from './tally.ts';

const database = { migrations: MIGRATIONS };

/** Attempts, delays, dead letters. */
export function failureTests(footing: CurrentFooting): void {
  describe('failures', () => {
    test('a handler is tried at once, then later, and the attempts are counted', async () => {
      const scene = await Scene.open(footing());
      const work = command(scene.name('work'), numbered);
      const workers = service(scene.name('workers'), { database });
      const attempts = new Set<number>();
      const unit = workers.with(
        workers.on(
          work,
          async (item, context) => {
            attempts.add(context.attempt);
            if (context.attempt < 4) throw new Error(`attempt ${context.attempt} fails`);
            await add(context.database, item);
          },
          { retry: { now: 2, laterMs: [100, 200, 300] } },
        ),
      );
      const app = await scene.stage.run([unit]);
      await app.send(work, { id: 'a', count: 1 });
      await scene.stage.disturb();
      await scene.stage.until('it was done', async () => (await entryCount(app.database(unit))) > 0);
      expect([...attempts].sort()).toEqual([1, 2, 3, 4]);
    });

    test('after the last attempt it is a dead letter, which says what happened as RabbitMQ does', async () => {
      const scene = await Scene.open(footing());
      const work = command(scene.name('work'), numbered);
      const workers = service(scene.name('workers'), { database });
      const unit = workers.with(
        workers.on(
          work,
          () => {
            throw new Error('the disk is full');
          },
          { retry: { now: 2, laterMs: [100] } },
        ),
      );
      const app = await scene.stage.run([unit]);
      const { messageId } = await app.send(work, { id: 'a', count: 1 });
      await scene.stage.disturb();
      const [letter] = await scene.deadLetters(unit.name, 1);
      expect(letter?.json()).toEqual({ id: 'a', count: 1 });
      expect(letter).toMatchObject({ messageId, type: work.name });
      const headers = letter?.headers ?? new Map();
      expect(headers.get('x-error')).toContain('the disk is full');
      expect(headers.get('x-error-stack')).toContain('failure-tests');
      expect(headers.get('x-service')).toBe(unit.name);
      expect(headers.get('x-attempts')).toBe(3);
      expect(headers.get('x-first-death-queue')).toBe(inQueue(unit.name));
      const [death] = headers.get('x-death') as readonly ReadonlyMap<string, unknown>[];
      expect(death?.get('queue')).toBe(inQueue(unit.name));
      expect(death?.get('reason')).toBe('rejected');
      expect(death?.get('exchange')).toBe(work.name);
      expect(death?.get('routing-keys')).toEqual(['none']);
    });

    test('what cannot change is a dead letter at once', async () => {
      const scene = await Scene.open(footing());
      const work = command(scene.name('work'), numbered);
      const workers = service(scene.name('workers'));
      const unit = workers.with(
        workers.on(work, () => {
          throw new Fatal('never');
        }),
      );
      const app = await scene.stage.run([unit]);
      await app.send(work, { id: 'a', count: 1 });
      await scene.stage.disturb();
      const [letter] = await scene.deadLetters(unit.name, 1);
      expect(letter?.headers.get('x-attempts')).toBe(1);
    });

    test('a dead letter that is replayed goes to the service that failed only', async () => {
      const scene = await Scene.open(footing());
      const placed = event(scene.name('placed'), numbered);
      const mails = service(scene.name('mails'), { database });
      const books = service(scene.name('books'), { database });
      let isBroken = true;
      const mailsUnit = mails.with(
        mails.on(
          placed,
          async (order, context) => {
            if (isBroken) throw new Error('the mail server is away');
            await add(context.database, order);
          },
          { retry: { now: 1, laterMs: [] } },
        ),
      );
      const booksUnit = books.with(books.on(placed, (order, context) => add(context.database, order)));
      const app = await scene.stage.run([mailsUnit, booksUnit]);
      await app.publish(placed, { id: 'a', count: 1 });
      await scene.stage.disturb();
      const [letter] = await scene.deadLetters(mailsUnit.name, 1);
      isBroken = false;
      const { messageId, type, headers } = letter ?? {};
      const queue = String(headers?.get('x-first-death-queue'));
      await (await scene.client()).publish({
        routingKey: queue,
        body: letter?.text() ?? '',
        ...(messageId !== undefined && { messageId }),
        ...(type !== undefined && { type }),
      });
      await scene.stage.until(
        'the mail is there',
        async () => (await entryCount(app.database(mailsUnit))) > 0,
      );
      await scene.stage.until('it was booked', async () => (await entryCount(app.database(booksUnit))) > 0);
      expect(await entryCount(app.database(booksUnit))).toBe(1);
      expect(await entryCount(app.database(mailsUnit))).toBe(1);
    });

    test('a handler that takes too long counts as failed, and does nothing any more', async () => {
      const scene = await Scene.open(footing());
      const work = command(scene.name('work'), numbered);
      const workers = service(scene.name('workers'), { database });
      const { opened, open } = gate();
      const late: unknown[] = [];
      const unit = workers.with(
        workers.on(
          work,
          async (item, context) => {
            if (context.attempt > 1) return add(context.database, { ...item, count: context.attempt });
            await add(context.database, { ...item, count: -1 });
            await opened;
            await add(context.database, { ...item, count: -2 }).catch((error: unknown) => late.push(error));
          },
          { timeoutMs: 200, retry: { now: 2 } },
        ),
      );
      const app = await scene.stage.run([unit]);
      await app.send(work, { id: 'a', count: 1 });
      await scene.stage.until('it was done', async () => (await entryCount(app.database(unit))) > 0);
      await scene.stage.disturb();
      open();
      await scene.stage.until('the late statement was refused', () => late.length === 1);
      expect(await entries(app.database(unit))).toEqual([{ id: 'a', count: 2 }]);
    });

    test('one message that fails does not hold up others', async () => {
      const scene = await Scene.open(footing());
      const work = event(scene.name('work'), numbered);
      const workers = service(scene.name('workers'), { database });
      const unit = workers.with(
        workers.on(
          work,
          async (item, context) => {
            if (item.count === 3) throw new Error('never works');
            await add(context.database, item);
          },
          { retry: { now: 1, laterMs: [60_000] } },
        ),
      );
      const app = await scene.stage.run([unit]);
      for (let count = 0; count < 10; count += 1) await app.publish(work, { id: `${count}`, count });
      await scene.stage.disturb();
      await scene.stage.until('the others are done', async () => (await entryCount(app.database(unit))) >= 9);
      expect(await entryCount(app.database(unit))).toBe(9);
    });
  });
}
