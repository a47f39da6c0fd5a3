import { describe, expect, it } from 'vitest';
import { ResultQuestions } from '../../../src/services/runtime/result-questions.ts';
import type { Subscription } from '../../../src/services/runtime/subscription.ts';
import { Fatal, type ServiceEvent, service, type Unit } from '../../../src/services/services.ts';
import type { Store } from '../../../src/services/store/store.ts';
import { testServices } from '../../../src/testing/test-services.ts';
import { MadeDeliveries } from '../ordered/made-deliveries.ts';
import { bank, pay } from './services-in-test.ts';

/** Fails for good until it is mended. */
function breakable(): { readonly unit: Unit; mend(): void } {
  const payments = bank();
  let isBroken = true;
  const unit = payments.with(
    payments.on(pay, ({ amount }) => {
      if (isBroken) throw new Fatal('the card is blocked');
      return { balance: amount };
    }),
  );
  const mend = (): void => {
    isBroken = false;
  };
  return { unit, mend };
}

describe('the result of a command that became a dead letter', () => {
  it('rejects soon, with the reason, also when it is asked for by its id', async () => {
    const { unit } = breakable();
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      const sent = await t.send(pay, { id: 'a', amount: 1 });
      const beganMs = t.clock.now.getTime();
      const expected = { code: 'REJECTED', reason: 'the card is blocked' };
      await expect(sent.result()).rejects.toMatchObject(expected);
      await expect(t.result(pay, sent.messageId)).rejects.toMatchObject(expected);
      expect(t.clock.now.getTime()).toBe(beganMs);
    });
  });

  it('is the reply once it was replayed: a dead letter can be handled', async () => {
    const { unit, mend } = breakable();
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      const sent = await t.send(pay, { id: 'a', amount: 7 });
      await expect(sent.result()).rejects.toThrow('the card is blocked');
      mend();
      expect(await t.replayDeadLetters(unit)).toBe(1);
      expect(await sent.result()).toEqual({ balance: 7 });
    });
  });

  it('is waited for while it is tried again', async () => {
    const payments = bank();
    let attempts = 0;
    const unit = payments.with(
      payments.on(
        pay,
        () => {
          attempts += 1;
          if (attempts < 3) throw new Error('not yet');
          return { balance: attempts };
        },
        { retry: { now: 1, laterMs: [1_000, 1_000] } },
      ),
    );
    await testServices([unit], {}, async (t) => {
      const sent = await t.send(pay, { id: 'a', amount: 7 });
      const result = sent.result();
      await t.clock.advance('5s');
      expect(await result).toEqual({ balance: 3 });
    });
  });
});

describe('the error of a handler', () => {
  it('reaches who called however long it is, and breaks no connection', async () => {
    const worker = service('worker');
    const unit = worker.with(
      worker.on(pay, () => {
        throw new Fatal('x'.repeat(300_000));
      }),
    );
    const events: ServiceEvent[] = [];
    const onEvent = (event: ServiceEvent): void => void events.push(event);
    await testServices([unit], { deadLetters: 'allowed', onEvent }, async (t) => {
      const failed = t.call(pay, { id: 'a', amount: 1 }).catch((error: unknown) => error);
      await t.settled();
      expect(await failed).toMatchObject({
        code: 'REJECTED',
        reason: expect.stringMatching(/^x{4093}\.{3}$/),
      });
      expect(events.map(({ type }) => type)).not.toContain('disconnected');
    });
  });
});

describe('a question for a result', () => {
  it('is asked again when the database cannot be read', async () => {
    const answered: unknown[] = [];
    const troubles: string[] = [];
    const questions = new ResultQuestions({
      service: 'bank',
      store: { findHandled: () => Promise.reject(new Error('away')) } as unknown as Store,
      answers: { error: (_delivery: unknown, kind: string) => answered.push(kind) } as never,
      onTrouble: (text, error) => troubles.push(`${text}: ${error.message}`),
    });
    const question = new MadeDeliveries().make(undefined, { messageId: 'm', replyTo: 'q' });
    await questions.answer(question, { contract: pay, part: 'bank.pay' } as unknown as Subscription);
    expect(answered).toEqual(['pending']);
    expect(troubles).toEqual(['the result of message m could not be looked up: away']);
  });
});
