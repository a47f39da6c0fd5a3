import { logEngineSuite } from './log-engine-suite.ts';
import { SurvivingEngine } from './surviving-engine.ts';

logEngineSuite('SurvivingEngine', () => {
  const engine = new SurvivingEngine();
  return {
    engine,
    settled: async () => {
      while (engine.durableBlock < engine.lastBlock) {
        await Promise.resolve();
        engine.complete(engine.durableBlock + 1);
      }
    },
    stores: true,
    reopened: async () => engine.reopened(),
  };
});
