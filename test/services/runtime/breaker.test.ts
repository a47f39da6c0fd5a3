import { describe, expect, it } from 'vitest';
import { Breaker, type Probe } from '../../../src/services/runtime/breaker.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

function brokenPart(): {
  time: ManualTime;
  breaker: Breaker;
  told: string[];
  /** Undefined for those that were given up. */
  begun: (Probe | undefined)[];
  enter(): void;
} {
  const time = new ManualTime();
  const told: string[] = [];
  const begun: (Probe | undefined)[] = [];
  const breaker = new Breaker(time.environment(), {
    onProbing: () => told.push('probing'),
    onRecovered: () => told.push('recovered'),
  });
  for (let count = 0; count < 10; count += 1) breaker.failed();
  const enter = (): void => {
    void breaker.enter()?.then((probe) => begun.push(probe));
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
    expect(begun).toHaveLength(0);
    await time.advance(1);
    expect(begun).toHaveLength(1);
    await time.advance(60_000);
    expect(begun, 'the first one is still under way').toHaveLength(1);
    breaker.failed(begun[0]);
    await time.advance(199);
    expect(begun).toHaveLength(1);
    await time.advance(1);
    expect(begun).toHaveLength(2);
  });

  it('does not pause for longer because of attempts that began before', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    for (let count = 0; count < 20; count += 1) breaker.failed();
    enter();
    await time.advance(100);
    expect(begun).toHaveLength(1);
  });

  it('lets no second one through when an attempt that began before fails meanwhile', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    for (let count = 0; count < 2; count += 1) enter();
    await time.advance(100);
    breaker.failed();
    breaker.endedOtherwise();
    await time.advance(60_000);
    expect(begun).toHaveLength(1);
    breaker.failed(begun[0]);
    await time.advance(200);
    expect(begun).toHaveLength(2);
  });

  it('never pauses for longer than ten seconds', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    for (let count = 0; count < 20; count += 1) {
      enter();
      await time.advance(10_000);
      breaker.failed(begun.at(-1));
    }
    expect(begun).toHaveLength(20);
  });

  it('lets all through again after one success', async () => {
    const { time, breaker, told, begun, enter } = brokenPart();
    for (let count = 0; count < 5; count += 1) enter();
    await time.advance(100);
    breaker.succeeded();
    await settled();
    expect(begun.filter((probe) => probe !== undefined)).toHaveLength(5);
    expect(breaker.enter()).toBeUndefined();
    expect(told).toEqual(['probing', 'recovered']);
  });

  it('goes on behind an attempt that says nothing about the part', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    enter();
    enter();
    await time.advance(100);
    breaker.endedOtherwise(begun[0]);
    await time.advance(100);
    expect(begun).toHaveLength(2);
  });

  it('gives up those that wait when the service stops', async () => {
    const { time, breaker, begun, enter } = brokenPart();
    enter();
    breaker.stop();
    enter();
    await settled();
    expect(begun).toEqual([undefined, undefined]);
    expect(time.workCount, 'whoever waited is at work again').toBe(0);
  });
});
