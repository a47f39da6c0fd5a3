import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { command, event } from '../../../src/services/contract.ts';
import { sagaSubscriptions } from '../../../src/services/runtime/saga/saga-subscriptions.ts';
import type { SagaBuilder } from '../../../src/services/saga.ts';
import { done } from '../../../src/services/saga.ts';
import { service } from '../../../src/services/service.ts';
import { testServices } from '../../../src/testing/test-services.ts';

const state = z.object({ count: z.int() });
const begun = event('check.begun', z.object({ id: z.string() }));
const ask = command('check.ask', z.object({ id: z.string() }), { reply: z.string() });
const owner = service('owner', { database: {} });
const key = ({ id }: { id: string }): string => id;
const saga = owner.saga('check', { state }).starts(begun, key, () => ({ count: 0 }));

describe('a saga', () => {
  it('is handled under the names of its contracts, and has one of its own for timers', () => {
    const timed = owner
      .saga('timed', { state, timers: ['late'], retry: { now: 1, laterMs: [5] }, timeoutMs: 7 })
      .starts(begun, key, () => ({ count: 0 }))
      .timeout('late', () => done);
    expect(sagaSubscriptions(timed, owner.with(timed))).toMatchObject([
      { part: 'check.begun', isInternal: false, attemptsNow: 1, laterMs: [5], timeoutMs: 7 },
      { part: 'owner.timed.timeout', isInternal: true, attemptsNow: 1 },
    ]);
    expect(sagaSubscriptions(saga, owner.with(saga))).toHaveLength(1);
  });

  it('is refused without a database, and for a command that has a reply', () => {
    const unit = { ...owner.with(saga), options: {} };
    expect(() => sagaSubscriptions(saga, unit)).toThrow(
      "saga 'check' of service 'owner' has no database to keep its state in",
    );
    const asking = saga.on(ask as never, key, (_message, current) => current);
    expect(() => sagaSubscriptions(asking, owner.with(asking))).toThrow(
      "saga 'check' of service 'owner' cannot answer 'check.ask', which has a reply",
    );
  });

  it('is refused for a timer whose name has a slash', () => {
    const slashed = saga.timeout('a/b' as never, () => done);
    expect(() => sagaSubscriptions(slashed, owner.with(slashed))).toThrow("name of a timer: found 'a/b'");
  });
});

type Starting = Parameters<
  SagaBuilder<{ count: number }, never, { database: true; cache: false }>['starts']
>[2];

describe('a transition', () => {
  const wrong: [what: string, transition: Starting, text: string][] = [
    [
      'returns nothing',
      (() => undefined) as never,
      "the state after 'check.begun' is undefined; return the new state",
    ],
    [
      'returns what JSON cannot hold',
      (() => ({ count: 1n })) as never,
      "the state after 'check.begun' is nothing that JSON can hold",
    ],
    [
      'starts a timer that has no timeout',
      async (_message, context) => {
        await context.startTimer('late' as never, 5);
        return { count: 0 };
      },
      "saga 'check' has no timeout 'late' (it has: none); add .timeout('late', ...)",
    ],
    [
      'starts a timer with a delay that is none',
      async (_message, context) => {
        await context.startTimer('known' as never, Number.NaN);
        return { count: 0 };
      },
      "saga 'check' with key 'x', timer 'known': found a delay of NaN ms; allowed: 0 to ",
    ],
  ];
  it.each(wrong)('that %s is given up at once', async (what, transition, text) => {
    const begins = owner.saga('check', { state }).starts(begun, key, transition as never);
    const part = what.includes('delay') ? begins.timeout('known' as never, () => done) : begins;
    const unit = owner.with(part);
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await t.publish(begun, { id: 'x' });
      await t.settled();
      const [letter] = await t.deadLetters(unit);
      expect(letter).toMatchObject({ attempts: 1, error: expect.stringContaining(text) });
    });
  });

  it.each([undefined, 7])('of a message whose key is %s, and no text, is given up at once', async (found) => {
    const unit = owner.with(
      owner.saga('check', { state }).starts(begun, (() => found) as never, () => ({ count: 0 })),
    );
    await testServices([unit], { deadLetters: 'allowed' }, async (t) => {
      await t.publish(begun, { id: 'x' });
      await t.settled();
      const [letter] = await t.deadLetters(unit);
      const text = `saga 'check' of service 'owner': the key of 'check.begun' is ${found}; allowed: a string`;
      expect(letter).toMatchObject({ attempts: 1, error: expect.stringContaining(text) });
    });
  });
});
