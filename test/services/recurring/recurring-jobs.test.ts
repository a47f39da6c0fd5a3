import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { event } from '../../../src/services/contract.ts';
import { service, type Unit } from '../../../src/services/service.ts';
import { testServices } from '../../../src/testing/test-services.ts';

const counted = event('reports.counted', z.object({ due: z.string() }));

interface Reports {
  readonly unit: Unit;
  /** Times at which a run began. */
  readonly began: string[];
  failuresLeft: number;
}

/** A service whose job publishes the time for which it runs. */
function reportsUnit(options: { database?: object }, pattern = '* * * * *', timezone = 'UTC'): Reports {
  const reports = service('reports', options);
  const job = reports.every(
    'count',
    pattern,
    async (due, context) => {
      scene.began.push(due.toISOString().slice(0, 16));
      if (scene.failuresLeft > 0) {
        scene.failuresLeft -= 1;
        throw new Error('not now');
      }
      await context.publish(counted, { due: due.toISOString() });
    },
    { timezone },
  );
  const scene: Reports = { unit: reports.with(job), began: [], failuresLeft: 0 };
  return scene;
}

const means = [
  ['with a database', { database: {} }],
  ['without a database', {}],
] as const;

describe.each(means)('a recurring job of a service %s', (_means, options) => {
  it('runs at its times', async () => {
    const { unit } = reportsUnit(options);
    await testServices([unit], {}, async (t) => {
      await t.clock.advance('59s');
      expect(await t.published(counted)).toEqual([]);
      await t.clock.advance('3m');
      expect((await t.published(counted)).map(({ due }) => due)).toEqual([
        '2026-01-01T00:01:00.000Z',
        '2026-01-01T00:02:00.000Z',
        '2026-01-01T00:03:00.000Z',
      ]);
    });
  });

  it('runs once for each time, however many instances there are', async () => {
    const { unit, began } = reportsUnit(options);
    const { unit: second, began: beganInSecond } = reportsUnit(options);
    await testServices([unit], { duplicates: 'database' in options }, async (t) => {
      await t.run([second]);
      await t.clock.advance('5m');
      expect(await t.published(counted)).toHaveLength(5);
      expect(began.length + beganInSecond.length).toBeGreaterThanOrEqual(5);
    });
  });

  it('goes on in another instance when one ends', async () => {
    const { unit } = reportsUnit(options);
    const { unit: second } = reportsUnit(options);
    await testServices([], {}, async (t) => {
      const first = await t.run([unit]);
      await t.run([second]);
      await t.clock.advance('2m');
      await first.close();
      await t.clock.advance('2m');
      const dues = (await t.published(counted)).map(({ due }) => due.slice(11, 16));
      expect([...new Set(dues)]).toEqual(['00:01', '00:02', '00:03', '00:04']);
    });
  });

  it('does not make up for times at which no instance ran', async () => {
    const { unit } = reportsUnit(options);
    await testServices([], {}, async (t) => {
      const first = await t.run([unit]);
      await t.clock.advance('1m');
      await first.close();
      await t.clock.advance('10m');
      await t.run([unit]);
      await t.clock.advance('1m');
      const dues = (await t.published(counted)).map(({ due }) => due.slice(11, 16));
      expect(dues).toEqual(['00:01', '00:12']);
    });
  });

  it('is tried again when it fails, and left out once it ran for a later time', async () => {
    const reports = reportsUnit(options, '*/10 * * * *');
    reports.failuresLeft = 3;
    await testServices([reports.unit], {}, async (t) => {
      await t.clock.advance('10m');
      expect(reports.began).toHaveLength(3);
      await t.clock.advance('10s');
      expect((await t.published(counted)).map(({ due }) => due)).toEqual(['2026-01-01T00:10:00.000Z']);
      reports.failuresLeft = 5;
      await t.clock.advance('2h');
      const dues = (await t.published(counted)).map(({ due }) => due.slice(11, 16));
      expect(dues).toEqual(dues.toSorted());
      expect(new Set(dues).size).toBe(dues.length);
    });
  });
});

describe('a recurring job', () => {
  it.each([
    ['61 * * * *', 'UTC', "recurring job 'count' of service 'reports': found the pattern '61 * * * *'"],
    ['* * * * *', 'Mars/Base', "found the time zone 'Mars/Base'"],
  ])('keeps its service from starting with the pattern %s in %s', async (pattern, timezone, text) => {
    const { unit } = reportsUnit({}, pattern, timezone);
    await expect(testServices([unit])).rejects.toThrow(text);
  });
});
