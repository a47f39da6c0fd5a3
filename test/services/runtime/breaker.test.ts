import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../src/services/runtime/breaker.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

function brokenPart(): {
  time: ManualTime;
  breaker: Breaker;
  told: string[];
  begun: boolean[];
  enter(): void;
} {
  const time = new ManualTime();
  const told: string[] = [];
  const begun: boolean[] = [];
  const breaker = new Breaker(time.environment(), {
    onProbing: () => told.push('probing'),
    onRecovered: () => told.push('recovered'),
  });
  for (let count = 0; count < 10; count += 1) breaker.failed();
  const enter = (): void => {
    void breaker.enter()?.then((mayGo) => begun.push(mayGo));
  };
  return { time, breaker, told, begun, enter };
}

describe('a breaker', () => {
  it('lets everything through until ten attempts have failed in a row', () => {
    const told: string[] = [];
    const breaker = new Breaker(new ManualTime().environment(), {
      onProbing: () => told.push('probing'),
      onRecovered: () => told.push('recovered'),
    });
    for (let count = 0; count < 9; count += 1) breaker.failed();
    breaker.succeeded();
    for (let count = 0; count < 9; count += 1) breaker.failed();
    expect(breaker.enter()).toBeUndefined();
    expect(told).toEqual([]);
    breaker.failed();
    expect(told).toEqual(['probing']);
  });

  it('then lets one through at a time, with growing pauses', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    for (let count = 0; count < 5; count += 1) enter();
    await time.advance(99);
    expect(begun).toEqual([]);
    await time.advance(1);
    expect(begun).toEqual([true]);
    await time.advance(60_000);
    expect(begun, 'the first one is still under way').toEqual([true]);
    breaker.failed();
    await time.advance(199);
    expect(begun).toEqual([true]);
    await time.advance(1);
    expect(begun).toEqual([true, true]);
  });

  it('never pauses for longer than ten seconds', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    for (let count = 0; count < 20; count += 1) {
      enter();
      await time.advance(10_000);
      breaker.failed();
    }
    expect(begun).toHaveLength(20);
  });

  it('lets all through again after one success', async () => {
    const { time, breaker, told, begun, enter } = brokenPart();
    for (let count = 0; count < 5; count += 1) enter();
    await time.advance(100);
    breaker.succeeded();
    await settled();
    expect(begun).toEqual([true, true, true, true, true]);
    expect(breaker.enter()).toBeUndefined();
    expect(told).toEqual(['probing', 'recovered']);
  });

  it('goes on behind an attempt that says nothing about the part', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    enter();
    enter();
    await time.advance(100);
    breaker.endedOtherwise();
    await time.advance(100);
    expect(begun).toEqual([true, true]);
  });

  it('gives up those that wait when the service stops', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    enter();
    breaker.stop();
    enter();
    await settled();
    expect(begun).toEqual([false, false]);
    expect(time.workCount, 'whoever waited is at work again').toBe(0);
  });
});
