/** How long clients have nobody while the log is given to another node on purpose. */
import { expect, test } from 'vitest';
import { describeInLab } from './lab/lab-needs.ts';
import type { LabNode } from './lab/lab-node.ts';
import { LabScene } from './lab/lab-scene.ts';

const TIMES = 5;
const FIRST_DELIVERY_MS = 1000;
const SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const MINUTE_MS = 60_000;

/** Resolves to the milliseconds from the beginning of `giveAway` until a client got the first delivery from the next owner. */
async function handOverMs(scene: LabScene, giveAway: (owner: LabNode) => Promise<unknown>): Promise<number> {
  await scene.cluster.untilHealthy();
  const owner = await scene.cluster.owner();
  const progress = scene.watch();
  await giveAway(owner);
  await progress.untilAllProgress(MINUTE_MS);
  progress.end();
  expect(await scene.cluster.owner()).not.toBe(owner);
  return Math.round(progress.firstReconnectedDeliveryMs ?? Number.NaN);
}

async function timesOf(scene: LabScene, giveAway: (owner: LabNode) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < TIMES; count++) {
    times.push(await handOverMs(scene, giveAway));
    scene.cluster.mend();
  }
  return times;
}

describeInLab('a log that is handed over', () => {
  test(
    `is served again within ${FIRST_DELIVERY_MS / 1000} s, with nothing lost or out of order`,
    async () => {
      await LabScene.run({ seed: SEED }, async (scene) => {
        const asked = await timesOf(scene, () => scene.cluster.handOver(undefined));
        const ended = await timesOf(scene, (owner) => owner.stop());
        console.log(
          `first delivery after a hand-over, in ms: ${asked}; after SIGTERM of the owner: ${ended}`,
        );
        const { violations } = await scene.judge();
        expect(violations).toEqual([]);
        expect(
          [...asked, ...ended].every((ms) => ms <= FIRST_DELIVERY_MS),
          `${asked}; ${ended}`,
        ).toBe(true);
      });
    },
    10 * MINUTE_MS,
  );
});
