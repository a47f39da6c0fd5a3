import { logEngineSuite } from './log-engine-suite.ts';
import { SlowEngine } from './slow-engine.ts';

logEngineSuite('SlowEngine', () => {
  const engine = new SlowEngine();
  return {
    engine,
    settled: async () => {
      while (engine.durableBlock < engine.lastBlock) {
        await Promise.resolve();
        engine.complete(engine.durableBlock + 1);
      }
    },
  };
});
