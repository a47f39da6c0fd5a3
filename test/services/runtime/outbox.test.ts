import { describe, expect, it } from 'vitest';
import { Returned } from '../../../src/client/client-failures.ts';
import type { MessageSender } from '../../../src/services/runtime/message-sender.ts';
import { Outbox } from '../../../src/services/runtime/outbox.ts';
import { internalRecord } from '../../../src/services/runtime/outgoing.ts';
import type { ServiceEvent } from '../../../src/services/runtime/service-event.ts';
import type { OutgoingRecord, Store, Transaction } from '../../../src/services/store/store.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

/** The table of the outbox, as any store has it. */
class Table {
  readonly rows: Map<string, { record: OutgoingRecord; freeAtMs: number }> = new Map();
  readonly deletions: (readonly string[])[] = [];
  failure: Error | undefined;

  readonly store: Store = {
    claimOutgoing: async (nowMs: number, leaseMs: number, limit: number) => {
      if (this.failure !== undefined) throw this.failure;
      const free = [...this.rows.values()].filter((row) => row.freeAtMs <= nowMs).slice(0, limit);
      for (const row of free) row.freeAtMs = nowMs + leaseMs;
      return free.map(({ record }) => record);
    },
    deleteOutgoing: async (ids: readonly string[]) => {
      this.deletions.push(ids);
      await settled();
      for (const id of ids) this.rows.delete(id);
    },
    postponeOutgoing: async (ids: readonly string[], dueMs: number) => {
      for (const id of ids) (this.rows.get(id) as { freeAtMs: number }).freeAtMs = dueMs;
    },
    nextDueMs: async () => {
      const waiting = [...this.rows.values()].map(({ freeAtMs }) => freeAtMs);
      return waiting.length === 0 ? undefined : Math.min(...waiting);
    },
  } as unknown as Store;

  readonly transaction: Transaction = {
    addOutgoing: async (records: readonly OutgoingRecord[], nowMs: number, claimMs: number) => {
      for (const record of records) {
        this.rows.set(record.id, { record, freeAtMs: Math.max(record.dueMs, nowMs + claimMs) });
      }
    },
  } as unknown as Transaction;
}

/** A sender that a test confirms for. */
class Sending {
  readonly sent: string[] = [];
  readonly #ends: Map<string, (failure: Error | undefined) => void> = new Map();
  confirmsAtOnce = true;

  readonly sender: MessageSender = {
    send: ({ id }: OutgoingRecord) => {
      this.sent.push(id);
      if (this.confirmsAtOnce) return Promise.resolve();
      return new Promise<void>((resolve, reject) => {
        this.#ends.set(id, (failure) => (failure === undefined ? resolve() : reject(failure)));
      });
    },
  } as unknown as MessageSender;

  end(id: string, failure?: Error): void {
    this.#ends.get(id)?.(failure);
  }
}

class Scene {
  readonly time = new ManualTime();
  readonly table = new Table();
  readonly sending = new Sending();
  readonly events: ServiceEvent[] = [];
  readonly outbox: Outbox = this.another();

  another(): Outbox {
    return new Outbox({
      service: 'orders',
      store: this.table.store,
      sender: this.sending.sender,
      environment: this.time.environment(),
      onEvent: (event) => this.events.push(event),
    });
  }

  record(id: string, delayMs = 0): OutgoingRecord {
    const { nowMs } = this.time;
    const message = { id, type: 'orders.late', service: 'orders', queue: 'orders.in' };
    return internalRecord(message, { id }, { nowMs, dueMs: nowMs + delayMs });
  }

  async commit(...records: readonly OutgoingRecord[]): Promise<void> {
    await this.outbox.write(this.table.transaction, records);
  }
}

describe('the outbox', () => {
  it('sends at once what was committed, and deletes it when it is confirmed', async () => {
    const scene = new Scene();
    const records = [...'abc'].map((id) => scene.record(id));
    await scene.commit(...records);
    await scene.outbox.sendCommitted(records);
    await scene.outbox.flush();
    expect(scene.sending.sent).toEqual(['a', 'b', 'c']);
    expect(scene.table.rows.size).toBe(0);
  });

  it('deletes together what was confirmed while it deleted', async () => {
    const scene = new Scene();
    const records = [...'abcd'].map((id) => scene.record(id));
    await scene.commit(...records);
    await scene.outbox.sendCommitted(records);
    await scene.outbox.flush();
    expect(scene.table.deletions.map((ids) => ids.length)).toEqual([1, 3]);
  });

  it('sends what another instance left, but not before a second has passed', async () => {
    const scene = new Scene();
    await scene.commit(scene.record('a'));
    const other = scene.another();
    other.start();
    await settled();
    await scene.time.advance(999);
    expect(scene.sending.sent).toEqual([]);
    await scene.time.advance(1_001);
    expect(scene.sending.sent).toEqual(['a']);
    expect(scene.table.rows.size).toBe(0);
    other.stop();
  });

  it('does not send twice at a time what takes long', async () => {
    const scene = new Scene();
    scene.sending.confirmsAtOnce = false;
    scene.outbox.start();
    await settled();
    const record = scene.record('a');
    await scene.commit(record);
    const sent = scene.outbox.sendCommitted([record]);
    await scene.time.advance(30_000);
    expect(scene.sending.sent).toEqual(['a']);
    scene.sending.end('a');
    await sent;
    await scene.outbox.flush();
    expect(scene.table.rows.size).toBe(0);
    scene.outbox.stop();
  });

  it('sends at its time what is due later, without looking for it each second', async () => {
    const scene = new Scene();
    scene.outbox.start();
    await settled();
    const record = scene.record('a', 1_500);
    await scene.commit(record);
    await scene.outbox.sendCommitted([record]);
    await scene.time.advance(1_499);
    expect(scene.sending.sent).toEqual([]);
    await scene.time.advance(1);
    expect(scene.sending.sent).toEqual(['a']);
    scene.outbox.stop();
  });

  it('keeps what nobody can get, and tries again after growing pauses', async () => {
    const scene = new Scene();
    scene.sending.confirmsAtOnce = false;
    scene.outbox.start();
    await settled();
    const record = scene.record('a');
    await scene.commit(record);
    void scene.outbox.sendCommitted([record]);
    const returned = new Returned({ exchange: '', routingKey: 'x', messageId: 'a' }, 312, 'NO_ROUTE');
    const sentAtMs: number[] = [];
    const beganMs = scene.time.nowMs;
    for (let count = 0; count < 4; count += 1) {
      sentAtMs.push(scene.time.nowMs - beganMs);
      scene.sending.end('a', returned);
      await settled();
      const before = scene.sending.sent.length;
      while (scene.sending.sent.length === before) await scene.time.advance(500);
    }
    expect(sentAtMs).toEqual([0, 1_000, 3_000, 7_000]);
    const told = scene.events.map((event) => event.type === 'undeliverable' && event.retryMs);
    expect(told).toEqual([1_000, 2_000, 4_000, 8_000]);
    scene.outbox.stop();
  });

  it('tells of a database that cannot be read, and goes on when it can', async () => {
    const scene = new Scene();
    await scene.commit(scene.record('a'));
    scene.table.failure = new Error('disk full');
    scene.outbox.start();
    await settled();
    await scene.time.advance(3_000);
    expect(scene.events[0]).toMatchObject({ type: 'trouble', text: 'the outbox cannot be read' });
    expect(scene.sending.sent).toEqual([]);
    scene.table.failure = undefined;
    await scene.time.advance(1_000);
    expect(scene.sending.sent).toEqual(['a']);
    scene.outbox.stop();
  });

  it('is held up by no message that is not confirmed', async () => {
    const scene = new Scene();
    scene.sending.confirmsAtOnce = false;
    await scene.commit(scene.record('a'));
    scene.outbox.start();
    await settled();
    await scene.time.advance(1_000);
    await scene.commit(scene.record('b'));
    await scene.time.advance(2_000);
    expect(scene.sending.sent).toEqual(['a', 'b']);
    scene.outbox.stop();
  });

  it('takes no more than so many at a time, and all in the end', async () => {
    const scene = new Scene();
    scene.sending.confirmsAtOnce = false;
    await scene.commit(...Array.from({ length: 5_000 }, (_, index) => scene.record(`id-${index}`)));
    await scene.time.advance(1_000);
    scene.outbox.start();
    await settled();
    const flushed = scene.outbox.flush();
    const counts: number[] = [];
    for (let ended = 0; ended < 5_000; await settled()) {
      counts.push(scene.sending.sent.length - ended);
      for (; ended < scene.sending.sent.length; ended += 1) scene.sending.end(`id-${ended}`);
    }
    await flushed;
    expect(counts).toEqual([2_000, 2_000, 1_000]);
    expect(scene.table.rows.size).toBe(0);
  });

  it('leaves no work behind when it stops', async () => {
    const scene = new Scene();
    await scene.commit(scene.record('a'));
    scene.outbox.start();
    await settled();
    await scene.time.advance(2_000);
    scene.outbox.stop();
    expect(scene.time.workCount).toBe(0);
  });
});
