import { expect, test } from 'vitest';
import { appendBlock, logEngineSuite, newPage } from '../../test/storage/log-engine-suite.ts';
import { MemoryEngine } from './memory-engine.ts';

logEngineSuite('MemoryEngine', () => ({
  engine: new MemoryEngine(),
  settled: () => Promise.resolve(),
  stores: false,
}));

test('in memory a block is durable at once, and nobody has to be told', () => {
  const engine = new MemoryEngine();
  engine.onDurable = () => expect.unreachable('onDurable is for what becomes durable later');
  const block = appendBlock(engine, newPage(), ['a']);
  expect(engine.durableBlock).toBe(block);
});

test('a page that was evicted although nothing keeps it cannot be loaded, and the error says which', async () => {
  const engine = new MemoryEngine();
  const page = newPage();
  expect(() => engine.loadNow(page)).toThrow(`page ${page.number} was evicted, but is stored nowhere else`);
  await expect(engine.load(page)).rejects.toThrow(`page ${page.number} was evicted`);
});
