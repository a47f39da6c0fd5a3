import { beforeEach, describe, expect, test } from 'vitest';
import type { LogEngine, ReplayReceiver } from '../../src/storage/log-engine.ts';
import { LogPage } from '../../src/storage/log-page.ts';

/** An engine that was just made, and the means to end what it has under way. */
export interface EngineUnderTest {
  readonly engine: LogEngine;
  /** Resolves when everything appended is durable. */
  settled(): Promise<void>;
  /** Whether pages can be loaded. */
  readonly stores: boolean;
  /** The engine of the next run on the same data, after a stop: not replayed yet. Needed when the engine survives. */
  reopened?(): Promise<LogEngine>;
}

const PAGE_BYTES = 64 * 1024;
const RECORD_PREFIX_BYTES = 5;
const KIND_HEADER = 15;

let pageNumber = 0;

export function newPage(bytes: number = PAGE_BYTES): LogPage {
  const page = new LogPage(pageNumber++, 'main');
  page.becomeResident(new Uint8Array(bytes));
  return page;
}

/** Appends a block with a record for each text, as the log does. Returns the number of the block. */
export function appendBlock(
  engine: LogEngine,
  page: LogPage,
  texts: readonly string[],
  more: boolean = false,
): number {
  const start = page.end;
  page.end += engine.blockHeaderBytes;
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    page.view.setUint32(page.end, RECORD_PREFIX_BYTES + bytes.length, true);
    page.view.setUint8(page.end + 4, 0);
    page.bytes.set(bytes, page.end + RECORD_PREFIX_BYTES);
    page.end += RECORD_PREFIX_BYTES + bytes.length;
  }
  const block = engine.append(page, start, page.end, more);
  page.lastBlock = block;
  if (page.firstBlock === 0) page.firstBlock = block;
  return block;
}

/** The texts of all records in `bytes[0, end)`; headers of blocks are no texts. */
export function textsIn(bytes: Uint8Array, end: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  const texts: string[] = [];
  for (let at = 0; at < end; at += view.getUint32(at, true)) {
    if (view.getUint32(at, true) < RECORD_PREFIX_BYTES) throw new Error(`no record at offset ${at}`);
    if (view.getUint8(at + 4) >>> 4 === KIND_HEADER) continue;
    texts.push(
      new TextDecoder().decode(bytes.subarray(at + RECORD_PREFIX_BYTES, at + view.getUint32(at, true))),
    );
  }
  return texts;
}

/** Remembers what a replay hands out. */
export class ReplayedPages implements ReplayReceiver {
  readonly pages: LogPage[] = [];
  readonly texts: string[] = [];

  newPage(): LogPage {
    const page = new LogPage(pageNumber++, 'main');
    this.pages.push(page);
    return page;
  }

  onPage(page: LogPage, bytes: Uint8Array): void {
    this.texts.push(...textsIn(bytes, page.end));
  }
}

/** Resolves when `page`, which is durable, can be loaded. */
function loadable(engine: LogEngine, page: LogPage): Promise<void> {
  if (engine.canLoad(page)) return Promise.resolve();
  return new Promise((resolve) => {
    engine.onDurable = () => {
      if (engine.canLoad(page)) resolve();
    };
    expect(engine.makeLoadable(page)).toBe(true);
  });
}

/** What every engine of the message log must do. */
export function logEngineSuite(name: string, open: () => EngineUnderTest | Promise<EngineUnderTest>): void {
  describe(`${name} as an engine of the message log`, () => {
    let engine: LogEngine;
    let underTest: EngineUnderTest;

    beforeEach(async () => {
      underTest = await open();
      engine = underTest.engine;
      const replayed = new ReplayedPages();
      await engine.replay(replayed);
      expect(replayed.pages).toEqual([]);
    });

    test('begins with no block', () => {
      expect([engine.lastBlock, engine.durableBlock, engine.oldestBlock]).toEqual([0, 0, 1]);
    });

    test('numbers its blocks from 1, without a gap', async () => {
      const pages = [newPage(), newPage(), newPage()];
      expect(pages.map((page) => appendBlock(engine, page, ['a']))).toEqual([1, 2, 3]);
      expect(engine.lastBlock).toBe(3);
      await underTest.settled();
    });

    test('makes every block durable, in order, and says so', async () => {
      const seen: number[] = [engine.durableBlock];
      engine.onDurable = () => seen.push(engine.durableBlock);
      for (let count = 0; count < 5; count++) {
        const block = appendBlock(engine, newPage(), ['a']);
        expect(engine.durableBlock).toBeLessThanOrEqual(block);
        if (engine.durableBlock === block) seen.push(block);
      }
      await underTest.settled();
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
        appendBlock(engine, newPage(), ['a']);
        duringAppend = false;
        from = engine.durableBlock;
      }
      await underTest.settled();
      expect(reports.filter((report) => report.duringAppend || report.to <= report.from)).toEqual([]);
    });

    test('leaves the records of a page as they are, and makes its header one that is skipped', async () => {
      const page = newPage();
      appendBlock(engine, page, ['a', 'bc']);
      expect(textsIn(page.bytes, page.end)).toEqual(['a', 'bc']);
      await underTest.settled();
      expect(textsIn(page.bytes, page.end)).toEqual(['a', 'bc']);
    });

    test('gives back each page as it was, in the background and at once', async () => {
      if (!underTest.stores) return;
      const pages = [newPage(), newPage(), newPage()];
      for (const [index, page] of pages.entries()) {
        appendBlock(engine, page, [`page ${index}`, 'x'.repeat(1000 * index)]);
      }
      await underTest.settled();
      for (const page of pages) await loadable(engine, page);
      for (const [index, page] of pages.entries()) {
        const expected = [`page ${index}`, 'x'.repeat(1000 * index)];
        const loaded = new Uint8Array(PAGE_BYTES);
        await engine.load(page, loaded);
        expect(textsIn(loaded, page.end)).toEqual(expected);
        const loadedNow = new Uint8Array(PAGE_BYTES);
        engine.loadNow(page, loadedNow);
        expect(textsIn(loadedNow, page.end)).toEqual(expected);
      }
    });

    test('keeps the other pages when the oldest are dropped', async () => {
      if (!underTest.stores) return;
      const pages = Array.from({ length: 4 }, () => newPage());
      for (const [index, page] of pages.entries()) appendBlock(engine, page, [`page ${index}`]);
      await underTest.settled();
      for (const page of pages) await loadable(engine, page);
      for (const page of pages.slice(0, 3)) engine.drop(page);
      const last = pages[3] as LogPage;
      const loaded = new Uint8Array(PAGE_BYTES);
      await engine.load(last, loaded);
      expect(textsIn(loaded, last.end)).toEqual(['page 3']);
    });

    test('hands out after a stop what was appended, in order, with its numbers', async () => {
      if (!engine.survives) return;
      const page = newPage();
      appendBlock(engine, page, ['a', 'b']);
      appendBlock(engine, page, ['c']);
      appendBlock(engine, newPage(), ['d']);
      await underTest.settled();
      const next = (await underTest.reopened?.()) as LogEngine;
      const replayed = new ReplayedPages();
      await next.replay(replayed);
      expect(replayed.texts).toEqual(['a', 'b', 'c', 'd']);
      expect([next.lastBlock, next.durableBlock, next.oldestBlock]).toEqual([3, 3, 1]);
      expect([replayed.pages[0]?.firstBlock, replayed.pages.at(-1)?.lastBlock]).toEqual([1, 3]);
      for (const each of replayed.pages) await next.load(each, new Uint8Array(each.end));
      const more = newPage();
      expect(appendBlock(next, more, ['e'])).toBe(4);
      await next.close();
      expect(next.durableBlock).toBe(4);
    });

    test('closes when everything is durable, and twice is once', async () => {
      appendBlock(engine, newPage(), ['a']);
      if (engine.survives) {
        await Promise.all([engine.close(), underTest.settled()]);
        expect(engine.durableBlock).toBe(1);
      } else {
        await engine.close();
      }
      await engine.close();
    });
  });
}
