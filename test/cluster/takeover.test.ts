/** How long clients have nobody after the owner of the log was killed, at the default lease. */
import { expect, test } from 'vitest';
import { describeInLab } from './lab/lab-needs.ts';
import { LabScene } from './lab/lab-scene.ts';

const TIMES = 5;
const FIRST_DELIVERY_MS = 5000;
const SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const MINUTE_MS = 60_000;

/** Kills the owner; resolves to the milliseconds until a client got the first delivery from the next one. */
async function takeOverMs(scene: LabScene): Promise<number> {
  await scene.cluster.untilHealthy();
  const owner = await scene.cluster.owner();
  const progress = scene.watch();
  await owner.kill();
  await progress.untilAllProgress(MINUTE_MS);
  progress.end();
  scene.cluster.mend();
  return progress.firstReconnectedDeliveryMs ?? Number.NaN;
}

describeInLab('an owner that is killed', () => {
  test(
    `is replaced within ${FIRST_DELIVERY_MS / 1000} s, and nothing is lost or out of order`,
    async () => {
      await LabScene.run({ seed: SEED }, async (scene) => {
        const times: number[] = [];
        for (let count = 0; count < TIMES; count++) times.push(Math.round(await takeOverMs(scene)));
        console.log(`first delivery after kill -9 of the owner, in ms: ${times.join(', ')}`);
        const { violations } = await scene.judge();
        expect(violations).toEqual([]);
        expect(
          times.every((ms) => ms <= FIRST_DELIVERY_MS),
          times.join(),
        ).toBe(true);
      });
    },
    10 * MINUTE_MS,
  );
});
