import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  command,
  Fatal,
  NoConsumer,
  PayloadInvalid,
  Rejected,
  service,
  Timeout,
} from '../../../src/services/services.ts';
import { gate, numbered, Scene } from './scene.ts';
import type { CurrentFooting } from './services-suite.ts';
import { MIGRATIONS } from './tally.ts';

const doubled = z.object({ doubled: z.number() });

/** Commands, replies, results. */
export function callTests(footing: CurrentFooting): void {
  describe('calls', () => {
    test('a call resolves with what the handler returned', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: doubled });
      const maths = service(scene.name('maths'));
      const app = await scene.stage.run([
        maths.with(maths.on(double, ({ count }) => ({ doubled: count * 2 }))),
      ]);
      const calls = [1, 2, 3].map((count) => app.call(double, { id: 'a', count }));
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(Promise.all(calls))).toEqual([
        { doubled: 2 },
        { doubled: 4 },
        { doubled: 6 },
      ]);
    });

    test('a command without a reply is answered when it was handled', async () => {
      const scene = await Scene.open(footing());
      const note = command(scene.name('note'), numbered);
      const notes = service(scene.name('notes'));
      const seen: number[] = [];
      const app = await scene.stage.run([notes.with(notes.on(note, ({ count }) => void seen.push(count)))]);
      const called = app.call(note, { id: 'a', count: 7 });
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(called)).toBeUndefined();
      expect(seen).toContain(7);
    });

    test('what a handler refuses for good rejects its caller, and is a dead letter', async () => {
      const scene = await Scene.open(footing());
      const pay = command(scene.name('pay'), numbered, { reply: doubled });
      const payments = service(scene.name('payments'));
      const unit = payments.with(
        payments.on(pay, () => {
          throw new Fatal('the card is blocked');
        }),
      );
      const app = await scene.stage.run([unit]);
      const called = app.call(pay, { id: 'a', count: 1 }).catch((error: unknown) => error);
      await scene.stage.disturb();
      const error = await scene.stage.whenDone(called);
      expect(error).toBeInstanceOf(Rejected);
      expect(error).toMatchObject({ code: 'REJECTED', reason: 'the card is blocked' });
      const [letter] = await scene.deadLetters(unit.name, 1);
      expect(letter?.headers.get('x-error')).toContain('the card is blocked');
    });

    test('a payload that does not fit is refused before it is sent', async () => {
      const scene = await Scene.open(footing());
      const note = command(scene.name('note'), numbered);
      const notes = service(scene.name('notes'));
      const app = await scene.stage.run([notes.with(notes.on(note, () => expect.unreachable()))]);
      const wrong = { id: 'a', count: 'many' } as unknown as { id: string; count: number };
      const error = await app.call(note, wrong).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(PayloadInvalid);
      expect(error).toMatchObject({ issues: [{ path: 'count' }] });
      await expect(app.send(note, wrong)).rejects.toThrow(PayloadInvalid);
    });

    test('a reply that does not fit fails the message', async () => {
      const scene = await Scene.open(footing());
      const ask = command(scene.name('ask'), numbered, { reply: doubled });
      const answers = service(scene.name('answers'));
      const unit = answers.with(
        answers.on(ask, () => ({ doubled: 'two' }) as unknown as { doubled: number }, {
          retry: { now: 1, laterMs: [] },
        }),
      );
      const app = await scene.stage.run([unit]);
      const called = app.call(ask, { id: 'a', count: 1 }).catch((error: unknown) => error);
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(called)).toBeInstanceOf(Rejected);
      expect(await scene.deadLetters(unit.name, 1)).toHaveLength(1);
    });

    test('a command whose service never ran has no consumer', async () => {
      const scene = await Scene.open(footing());
      const lost = command(scene.name('lost'), numbered);
      const app = await scene.stage.run([]);
      await expect(scene.stage.whenDone(app.call(lost, { id: 'a', count: 1 }))).rejects.toThrow(NoConsumer);
      await expect(scene.stage.whenDone(app.send(lost, { id: 'a', count: 1 }))).rejects.toThrow(NoConsumer);
    });

    test('a call that nobody answers in time rejects with Timeout', async () => {
      const scene = await Scene.open(footing());
      const slow = command(scene.name('slow'), numbered);
      const sleepers = service(scene.name('sleepers'));
      const { opened, open } = gate();
      const app = await scene.stage.run([sleepers.with(sleepers.on(slow, () => opened))]);
      const called = app
        .call(slow, { id: 'a', count: 1 }, { timeoutMs: 300 })
        .catch((error: unknown) => error);
      const error = await scene.stage.whenDone(called);
      open();
      expect(error).toBeInstanceOf(Timeout);
      expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 300 });
    });

    test('a handler calls another service', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: doubled });
      const quadruple = command(scene.name('quadruple'), numbered, { reply: doubled });
      const maths = service(scene.name('maths'));
      const more = service(scene.name('more'));
      const app = await scene.stage.run([
        maths.with(maths.on(double, ({ count }) => ({ doubled: count * 2 }))),
        more.with(
          more.on(quadruple, async (payload, context) => {
            const once = await context.call(double, payload);
            return { doubled: once.doubled * 2 };
          }),
        ),
      ]);
      const called = app.call(quadruple, { id: 'a', count: 5 });
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(called)).toEqual({ doubled: 20 });
    });

    test('a result can be asked for later, also by another process', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: doubled });
      const maths = service(scene.name('maths'), { database: { migrations: MIGRATIONS } });
      const app = await scene.stage.run([
        maths.with(maths.on(double, ({ count }) => ({ doubled: count * 2 }))),
      ]);
      const sent = await app.send(double, { id: 'a', count: 21 });
      await scene.stage.disturb();
      expect(await scene.stage.whenDone(sent.result())).toEqual({ doubled: 42 });
      const other = await scene.stage.run([]);
      expect(await scene.stage.whenDone(other.result(double, sent.messageId))).toEqual({ doubled: 42 });
      await scene.stage.whenDone(other.close());
    });

    test('a result that is not there yet is waited for', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: doubled });
      const maths = service(scene.name('maths'), { database: { migrations: MIGRATIONS } });
      const { opened, open } = gate();
      const app = await scene.stage.run([
        maths.with(
          maths.on(double, async ({ count }) => {
            await opened;
            return { doubled: count * 2 };
          }),
        ),
      ]);
      const sent = await app.send(double, { id: 'a', count: 4 });
      await expect(scene.stage.whenDone(sent.result({ timeoutMs: 200 }))).rejects.toThrow(Timeout);
      const result = sent.result();
      await scene.stage.disturb();
      open();
      expect(await scene.stage.whenDone(result)).toEqual({ doubled: 8 });
    });

    test('the result of a command that was refused for good rejects soon, and says why', async () => {
      const scene = await Scene.open(footing());
      const pay = command(scene.name('pay'), numbered, { reply: doubled });
      const payments = service(scene.name('payments'), { database: { migrations: MIGRATIONS } });
      const refusing = payments.on(pay, () => {
        throw new Fatal('the card is blocked');
      });
      const app = await scene.stage.run([payments.with(refusing)]);
      const sent = await app.send(pay, { id: 'a', count: 1 });
      await scene.stage.disturb();
      const error = await scene.stage.whenDone(sent.result().catch((reason: unknown) => reason));
      expect(error).toBeInstanceOf(Rejected);
      expect(error).toMatchObject({ reason: 'the card is blocked' });
    });

    test('a service without a database keeps no results, and says so', async () => {
      const scene = await Scene.open(footing());
      const double = command(scene.name('double'), numbered, { reply: doubled });
      const maths = service(scene.name('maths'));
      const app = await scene.stage.run([
        maths.with(maths.on(double, ({ count }) => ({ doubled: count * 2 }))),
      ]);
      const sent = await app.send(double, { id: 'a', count: 4 });
      const error = await scene.stage.whenDone(sent.result().catch((reason: unknown) => reason));
      expect(error).toBeInstanceOf(Rejected);
      expect((error as Rejected).reason).toMatch(/database/);
    });
  });
}
