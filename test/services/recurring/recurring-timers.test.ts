import { describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../src/client/outgoing-message.ts';
import type { Environment } from '../../../src/services/runtime/environment.ts';
import { RecurringTimers } from '../../../src/services/runtime/recurring/recurring-timers.ts';
import { service } from '../../../src/services/service.ts';
import { ManualClock } from './manual-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const reports = service('reports');

class Scene {
  readonly clock = new ManualClock('2026-01-01T00:00:30.000Z');
  readonly published: OutgoingMessage[] = [];
  readonly troubles: string[] = [];
  underWay = 0;
  /** What the broker says to the next announcements. */
  confirm: Promise<void> = Promise.resolve();
  readonly timers: RecurringTimers;

  constructor(pattern: string, timezone?: string) {
    const environment: Environment = {
      clock: this.clock,
      random: () => 0,
      faults: undefined,
      workBegan: () => {
        this.underWay += 1;
      },
      workEnded: () => {
        this.underWay -= 1;
      },
      pausesBetweenAttempts: false,
    };
    const job = reports.every('daily', pattern, () => {}, timezone === undefined ? {} : { timezone });
    const publisher = {
      publish: async (message: OutgoingMessage) => {
        this.published.push(message);
        await this.confirm;
      },
    };
    this.timers = new RecurringTimers([job], publisher, environment, (text) => this.troubles.push(text));
  }

  async advance(byMs: number): Promise<void> {
    this.clock.advance(byMs);
    await settled();
  }

  get dues(): unknown[] {
    return this.published.map(({ body }) => (body as { due: string }).due);
  }
}

/** Promises that wait for nothing but each other are through. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the timers of recurring jobs', () => {
  it('announce each time under its own id, to the queue of the service', async () => {
    const scene = new Scene('* * * * *');
    scene.timers.start();
    await scene.advance(MINUTE_MS);
    await scene.advance(MINUTE_MS);
    expect(scene.published).toMatchObject([
      { routingKey: 'reports.every', messageId: 'reports.daily.2026-01-01T00:01:00.000Z' },
      { routingKey: 'reports.every', messageId: 'reports.daily.2026-01-01T00:02:00.000Z' },
    ]);
    expect(scene.published[0]?.type).toBe('reports.daily.due');
    expect(scene.underWay).toBe(0);
  });

  it('wait for times that are further away than a timer of the machine can wait', async () => {
    const scene = new Scene('0 12 1 6 *');
    scene.timers.start();
    await scene.advance(151 * DAY_MS);
    expect(scene.dues).toEqual([]);
    await scene.advance(DAY_MS);
    expect(scene.dues).toEqual(['2026-06-01T12:00:00.000Z']);
  });

  it('follow the time zone of the job, and its summer time', async () => {
    const scene = new Scene('30 9 * * *', 'Europe/Berlin');
    scene.timers.start();
    for (let day = 0; day < 90; day += 1) await scene.advance(DAY_MS);
    expect(scene.dues[0]).toBe('2026-01-01T08:30:00.000Z');
    expect(scene.dues.at(-1)).toBe('2026-03-31T07:30:00.000Z');
    expect(scene.dues).toHaveLength(90);
  });

  it('announce nothing any more once they are stopped', async () => {
    const scene = new Scene('* * * * *');
    scene.timers.start();
    scene.timers.stop();
    await scene.advance(DAY_MS);
    expect(scene.published).toEqual([]);
    expect(scene.clock.timerCount).toBe(0);
  });

  it('have one announcement wait for a broker that is away, not one for each time', async () => {
    const scene = new Scene('* * * * *');
    let confirm = (): void => {};
    scene.confirm = new Promise((resolve) => {
      confirm = resolve;
    });
    scene.timers.start();
    await scene.advance(10 * MINUTE_MS);
    expect(scene.dues).toEqual(['2026-01-01T00:01:00.000Z']);
    expect(scene.underWay).toBe(1);
    confirm();
    await settled();
    await scene.advance(MINUTE_MS);
    expect(scene.dues).toEqual(['2026-01-01T00:01:00.000Z', '2026-01-01T00:11:00.000Z']);
  });

  it('tell of an announcement that failed, and go on', async () => {
    const scene = new Scene('* * * * *');
    scene.confirm = Promise.reject(new Error('no'));
    scene.timers.start();
    await scene.advance(MINUTE_MS);
    scene.confirm = Promise.resolve();
    await scene.advance(MINUTE_MS);
    expect(scene.troubles).toEqual(["recurring job 'daily': its time could not be announced"]);
    expect(scene.published).toHaveLength(2);
  });

  it.each([
    ['61 * * * *', undefined, "recurring job 'daily' of service 'reports': found the pattern '61 * * * *'"],
    ['* * *', undefined, 'allowed: five fields'],
    ['2026-05-05T00:00:00', undefined, 'a single time does not recur'],
    ['0 0 31 2 *', undefined, 'names no time that ever comes'],
    ['* * * * *', 'Mars/Base', "found the time zone 'Mars/Base'; allowed: names of the IANA database"],
  ])('refuse the pattern %s in the time zone %s', (pattern, timezone, text) => {
    expect(() => new Scene(pattern, timezone)).toThrow(text);
  });
});
