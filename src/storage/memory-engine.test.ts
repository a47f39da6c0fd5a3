import { expect, test } from 'vitest';
import { logEngineSuite } from '../../test/storage/log-engine-suite.ts';
import { MemoryEngine } from './memory-engine.ts';

logEngineSuite('MemoryEngine', () => ({ engine: new MemoryEngine(), settled: () => Promise.resolve() }));

test('in memory a block is durable at once, and nobody has to be told', () => {
  const engine = new MemoryEngine();
  engine.onDurable = () => expect.unreachable('onDurable is for what becomes durable later');
  const block = engine.append();
  expect(engine.durableBlock).toBe(block);
});
