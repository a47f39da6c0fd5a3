import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { field } from '../../../src/codec/field-table.ts';
import { event } from '../../../src/services/contract.ts';
import type { AttemptResult } from '../../../src/services/runtime/processing.ts';
import type { Subscription } from '../../../src/services/runtime/subscription.ts';
import { SubscriptionLane } from '../../../src/services/runtime/subscription-lane.ts';
import { MadeDeliveries } from '../ordered/made-deliveries.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

const subscription: Subscription = {
  contract: event('things.happened', z.number()),
  part: 'things.happened',
  isInternal: false,
  concurrency: 1,
  isOrdered: false,
  attemptsNow: 1,
  laterMs: [],
  timeoutMs: 30_000,
  rate: undefined,
  batch: undefined,
  handle: () => undefined,
};

let time: ManualTime;
let made: MadeDeliveries;
let attempted: unknown[];
let buried: unknown[];
let result: AttemptResult | Promise<AttemptResult>;

beforeEach(() => {
  time = new ManualTime();
  made = new MadeDeliveries();
  attempted = [];
  buried = [];
  result = { status: 'done' };
});

function openLane(options: Partial<Subscription> = {}): SubscriptionLane {
  const processor = {
    attempt: async ([delivery]: readonly { json(): unknown }[]) => {
      attempted.push(delivery?.json());
      return result;
    },
    deadLetter: async (delivery: { json(): unknown }) => void buried.push(delivery.json()),
  };
  const host = { service: 'things', processor, claimCheck: undefined, environment: time.environment() };
  return new SubscriptionLane(
    { ...host, onEvent: () => {} },
    { ...subscription, ...options },
    new AbortController().signal,
  );
}

describe('a lane', () => {
  it('makes no dead letter of a message that was lost while it was handled: it comes again', async () => {
    let fail: (result: AttemptResult) => void = () => {};
    result = new Promise((resolve) => {
      fail = resolve;
    });
    openLane().push(made.make(1));
    await settled();
    made.channel.lose();
    fail({ status: 'failed', error: new Error('no'), isFinal: true });
    await settled();
    expect([attempted, buried, time.workCount]).toEqual([[1], [], 0]);
  });

  it('answers questions for results beside its rate', async () => {
    const lane = openLane({ rate: { perSecond: 1 } });
    lane.push(made.make(1));
    lane.push(made.make(2, { headers: new Map([['x-result-only', field.bool(true)]]) }));
    lane.push(made.make(3));
    await settled();
    expect(attempted).toEqual([2, 1]);
    await time.advance(1_000);
    expect(attempted).toEqual([2, 1, 3]);
  });
});
