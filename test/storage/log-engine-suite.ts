import { beforeEach, describe, expect, test } from 'vitest';
import { appendMessageRecord } from '../../src/core/message/message-record.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { messageTo, RuntimeUnderTest } from '../core/runtime-under-test.ts';

/** An engine, and the means to end what it has under way. */
export interface EngineUnderTest {
  readonly engine: LogEngine;
  /** Resolves when everything appended is durable. */
  settled(): Promise<void>;
}

/** What every engine of the message log must do. */
export function logEngineSuite(name: string, open: () => EngineUnderTest | Promise<EngineUnderTest>): void {
  describe(`${name} as an engine of the message log`, () => {
    let engine: LogEngine;
    let settled: () => Promise<void>;

    beforeEach(async () => {
      const opened = await open();
      engine = opened.engine;
      settled = () => opened.settled();
    });

    test('begins with no block', () => {
      expect(engine.lastBlock).toBe(0);
      expect(engine.durableBlock).toBe(0);
    });

    test('numbers its blocks from 1, without a gap', () => {
      expect([engine.append(), engine.append(), engine.append()]).toEqual([1, 2, 3]);
      expect(engine.lastBlock).toBe(3);
    });

    test('makes every block durable, in order, and says so', async () => {
      const seen: number[] = [engine.durableBlock];
      engine.onDurable = () => seen.push(engine.durableBlock);
      for (let count = 0; count < 5; count++) {
        const block = engine.append();
        expect(engine.durableBlock).toBeLessThanOrEqual(block);
        if (engine.durableBlock === block) seen.push(block);
      }
      await settled();
      expect(engine.durableBlock).toBe(5);
      expect(seen.at(-1)).toBe(5);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
    });

    test('reports only what has grown, and not from within append', async () => {
      const reports: { readonly duringAppend: boolean; readonly from: number; readonly to: number }[] = [];
      let duringAppend = false;
      let from = engine.durableBlock;
      engine.onDurable = () => {
        reports.push({ duringAppend, from, to: engine.durableBlock });
        from = engine.durableBlock;
      };
      for (let count = 0; count < 3; count++) {
        duringAppend = true;
        engine.append();
        duringAppend = false;
        from = engine.durableBlock;
      }
      await settled();
      expect(reports.filter((report) => report.duringAppend || report.to <= report.from)).toEqual([]);
    });

    test('takes a turn of the log as one block, and a turn without records as none', async () => {
      const log = new MessageLog(engine);
      const { runtime } = new RuntimeUnderTest();
      const lane = runtime.makeLane(undefined);
      expect(log.commit()).toBe(0);
      for (const text of ['a', 'b']) {
        lane.push(appendMessageRecord(log, messageTo('q', text), [lane], 0, 1, 0));
      }
      expect(log.commit()).toBe(1);
      expect(log.commit()).toBe(1);
      await settled();
      expect(log.durableBlock).toBe(1);
    });

    test('tells the log, and the log its owner', async () => {
      const log = new MessageLog(engine);
      let told = log.durableBlock;
      log.onDurable = () => {
        told = log.durableBlock;
      };
      const { runtime } = new RuntimeUnderTest();
      const lane = runtime.makeLane(undefined);
      lane.push(appendMessageRecord(log, messageTo('q'), [lane], 0, 1, 0));
      const block = log.commit();
      if (log.durableBlock === block) told = block;
      await settled();
      expect(told).toBe(block);
    });
  });
}
