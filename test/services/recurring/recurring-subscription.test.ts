import { describe, expect, it } from 'vitest';
import type { BaseContext } from '../../../src/services/context.ts';
import { recurringSubscription } from '../../../src/services/runtime/recurring/recurring-subscription.ts';
import type { UnitOfWork } from '../../../src/services/runtime/subscription.ts';
import { service } from '../../../src/services/service.ts';
import { ManualClock } from './manual-clock.ts';

interface Tried {
  readonly at: string;
  readonly attempt?: number;
}

/** A job of a service, and what its runs did. */
class Scene {
  readonly clock = new ManualClock('2026-01-01T00:00:00.000Z');
  readonly ran: string[] = [];
  takesMs = 0;
  error: Error | undefined;
  readonly #subscription;

  constructor(options: { database?: object }) {
    const owner = service('reports', options);
    const job = owner.every('tick', '* * * * * *', (due) => {
      this.ran.push(due.toISOString().slice(17, 19));
      this.clock.advance(this.takesMs);
      if (this.error !== undefined) throw this.error;
    });
    this.#subscription = recurringSubscription(job, owner.with(job));
  }

  get subscription(): ReturnType<typeof recurringSubscription> {
    return this.#subscription;
  }

  async due({ at, attempt = 1 }: Tried): Promise<void> {
    const work = { context: { attempt } as BaseContext, nowMs: () => this.clock.nowMs() } as UnitOfWork;
    await this.#subscription.handle({ due: `2026-01-01T00:00:${at}.000Z` }, work);
  }
}

describe('a recurring job', () => {
  it('is handled one at a time, from a contract of its own', () => {
    expect(new Scene({}).subscription).toMatchObject({
      part: 'reports.tick.due',
      isInternal: true,
      concurrency: 1,
      isOrdered: false,
    });
  });

  it('runs with the time that it was due', async () => {
    const scene = new Scene({});
    await scene.due({ at: '01' });
    await scene.due({ at: '02' });
    expect(scene.ran).toEqual(['01', '02']);
  });

  it('runs once for a time that several instances announced, also without an inbox', async () => {
    const scene = new Scene({});
    await scene.due({ at: '02' });
    await scene.due({ at: '02' });
    await scene.due({ at: '01' });
    expect(scene.ran).toEqual(['02']);
  });

  it('leaves out the times that came while it ran', async () => {
    const scene = new Scene({ database: {} });
    scene.clock.advance(1000);
    scene.takesMs = 2500;
    for (const at of ['01', '02', '03', '04']) await scene.due({ at });
    expect(scene.ran).toEqual(['01', '04']);
  });

  it('runs again for a time at which it failed', async () => {
    const scene = new Scene({});
    scene.error = new Error('no');
    await expect(scene.due({ at: '01' })).rejects.toThrow('no');
    scene.error = undefined;
    await scene.due({ at: '01', attempt: 2 });
    expect(scene.ran).toEqual(['01', '01']);
  });

  it('runs again when it had run, and its transaction failed', async () => {
    const scene = new Scene({ database: {} });
    await scene.due({ at: '01' });
    await scene.due({ at: '01' });
    expect(scene.ran).toEqual(['01', '01']);
  });

  it('does not try a time again once it ran for a later one', async () => {
    const scene = new Scene({});
    scene.error = new Error('no');
    await expect(scene.due({ at: '01' })).rejects.toThrow('no');
    scene.error = undefined;
    await scene.due({ at: '02' });
    await scene.due({ at: '01', attempt: 4 });
    expect(scene.ran).toEqual(['01', '02']);
  });

  it('refuses what is no time', async () => {
    const { schema } = new Scene({}).subscription.contract;
    expect(await schema['~standard'].validate({ due: 'soon' })).toMatchObject({
      issues: [{ path: ['due'] }],
    });
    expect(await schema['~standard'].validate(null)).toMatchObject({ issues: [{ path: ['due'] }] });
  });
});
