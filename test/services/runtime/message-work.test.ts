import { beforeEach, describe, expect, it } from 'vitest';
import { MessageWork, type WorkMeans } from '../../../src/services/runtime/message-work.ts';
import type { Requests } from '../../../src/services/runtime/requests.ts';
import type { Subscription } from '../../../src/services/runtime/subscription.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';
import { pay } from './services-in-test.ts';

let time: ManualTime;
let answer: (() => void)[];
let work: MessageWork;

beforeEach(() => {
  time = new ManualTime();
  answer = [];
  const means = {
    service: 'orders',
    store: undefined,
    environment: time.environment(),
    requests: {
      call: () => new Promise<void>((resolve) => answer.push(resolve)),
    } as unknown as Requests,
  } as unknown as WorkMeans;
  work = new MessageWork(means, {
    subscription: { part: 'orders.place' } as Subscription,
    messageId: 'm',
    handledIds: [],
    attempt: 1,
    trace: {},
    lostSignal: () => new AbortController().signal,
  });
  // whoever runs the handler
  time.workCount = 1;
});

const call = (): Promise<unknown> => work.context.call(pay, { id: 'a', amount: 1 });

describe('a handler that waits for calls', () => {
  it('is no work meanwhile, however many there are', async () => {
    const called = Promise.all([call(), call()]);
    expect(time.workCount).toBe(0);
    answer[0]?.();
    await settled();
    expect(time.workCount, 'the other one is waited for').toBe(0);
    answer[1]?.();
    await called;
    expect(time.workCount).toBe(1);
  });

  it('is work that can end when its time is over before they are answered', async () => {
    const called = call();
    work.abort(new Error('late'));
    expect(time.workCount).toBe(1);
    answer[0]?.();
    await called;
    expect(time.workCount).toBe(1);
  });

  it('is work that can end when it has returned without them', async () => {
    const called = call();
    work.end(new Error('returned'));
    work.end(new Error('again'));
    expect(time.workCount).toBe(1);
    answer[0]?.();
    await called;
    expect(time.workCount).toBe(1);
  });
});
