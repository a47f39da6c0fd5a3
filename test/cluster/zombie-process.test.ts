/** The owner is stopped for longer than its lease, and goes on when another node has taken over. */
import { expect, test } from 'vitest';
import { describeInLab } from './lab/lab-needs.ts';
import { LabScene } from './lab/lab-scene.ts';
import { pauseOwner, SAFE_ZOMBIE } from './lab/zombie.ts';

const SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const MINUTE_MS = 60_000;

describeInLab('an owner that was stopped for longer than its lease', () => {
  test('confirms and delivers nothing any more, appends nothing, and passes clients on', {
    timeout: 10 * MINUTE_MS,
    retry: 0,
  }, async () => {
    await LabScene.run({ seed: SEED }, async (scene) => {
      expect(await pauseOwner(scene)).toEqual(SAFE_ZOMBIE);
      expect((await scene.judge()).violations).toEqual([]);
    });
  });
});
