/**
 * The storm and the pause of an owner find mistakes that are put into a copy of what was built: some of them, or all with
 * LEVERET_PLANTED=all.
 */
import { expect, test } from 'vitest';
import { FAULTS } from './faults.ts';
import { describeInLab } from './lab-needs.ts';
import { LabScene, NotBegunError } from './lab-scene.ts';
import { PLANTED_MISTAKES, type PlantedMistake } from './planted-mistakes.ts';
import { storm } from './storm.ts';
import { pauseOwner, SAFE_ZOMBIE, type ZombieFacts } from './zombie.ts';

const SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const FAULT_COUNT = 6;
/** What an owner reads first when it goes on, its clients or who owns the log now, differs from pause to pause. */
const PAUSES_MAX = 5;
const MINUTE_MS = 60_000;
/** Where a mistake keeps the cluster from going on at all, that is found soon. */
const PATIENCE_MS = 30_000;

/** Resolves to what was found; undefined: nothing. */
async function found({ patch, faults, isFoundAtStart = false }: PlantedMistake): Promise<string | undefined> {
  const options = { seed: SEED, patches: [patch], patienceMs: PATIENCE_MS };
  try {
    if (faults.length === 0) return await LabScene.run(options, foundByPauses);
    const chosen = FAULTS.filter(({ name }) => faults.includes(name));
    await storm({ ...options, faultCount: FAULT_COUNT, faults: chosen });
    return undefined;
  } catch (error) {
    if (error instanceof NotBegunError && !isFoundAtStart) throw error;
    return (error as Error).message;
  }
}

async function foundByPauses(scene: LabScene): Promise<string | undefined> {
  let what: string | undefined;
  for (let pauses = 0; pauses < PAUSES_MAX && what === undefined; pauses++)
    what = wrongOf(await pauseOwner(scene));
  return what;
}

/** The members that are not as they are to be. */
function wrongOf(facts: ZombieFacts): string | undefined {
  const wrong = Object.entries(facts).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(SAFE_ZOMBIE[name as keyof ZombieFacts]),
  );
  return wrong.length === 0 ? undefined : JSON.stringify(Object.fromEntries(wrong));
}

/** All of them take minutes. */
const CHOSEN =
  process.env['LEVERET_PLANTED'] === 'all'
    ? PLANTED_MISTAKES
    : PLANTED_MISTAKES.filter(({ isQuick }) => isQuick === true);

describeInLab('a mistake', () => {
  test.each(CHOSEN)('is found: $name', { timeout: 10 * MINUTE_MS, retry: 0 }, async (mistake) => {
    const what = await found(mistake);
    console.log(`${mistake.name}: ${what?.slice(0, 500)}`);
    expect(what).toBeDefined();
  });
});
