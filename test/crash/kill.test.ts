/**
 * A real broker under load from real clients is killed at random moments. LEVERET_KILL_CYCLES says how often (50), LEVERET_SEED
 * repeats the choices of a run, though not its timing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWith, pythonModule } from '../interop/debian.ts';
import { KillSession } from './kill-session.ts';

const CYCLES = Number(process.env['LEVERET_KILL_CYCLES'] ?? 50);
/** A session keeps its ledgers in memory when it is judged. */
const CYCLES_OF_SESSION = 50;
const FIRST_SEED = Number(process.env['LEVERET_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
const SESSIONS = Array.from({ length: Math.ceil(CYCLES / CYCLES_OF_SESSION) }, (_, index) => ({
  seed: FIRST_SEED + index,
  cycles: Math.min(CYCLES_OF_SESSION, CYCLES - index * CYCLES_OF_SESSION),
}));
/** Far below what the slowest machine does: a broker that hardly works would keep every promise. */
const CONFIRMED_PER_CYCLE_MIN = 50;
const MINUTE_MS = 60_000;

describeWith(pythonModule('pika', 'python3-pika'), 'a broker that is killed', () => {
  test.each(SESSIONS)(
    'loses no confirmed message, repeats only what was not acked, keeps transactions whole ($cycles kills, seed $seed)',
    async ({ seed, cycles }) => {
      const directory = await mkdtemp(join(tmpdir(), 'leveret-kill-'));
      const startedMs = performance.now();
      const { violations, ...counts } = await KillSession.run({ directory, seed, cycles });
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
      const { declaredQueues, deletedQueues, ...figures } = counts;
      console.log(`seed ${seed}: ${cycles} kills in ${seconds} s: ${JSON.stringify(figures)}`);
      expect(violations, `the ledgers and the data are in ${directory}`).toEqual([]);
      expect(figures.confirmedCount).toBeGreaterThan(cycles * CONFIRMED_PER_CYCLE_MIN);
      expect(figures.committedCount).toBeGreaterThan(0);
      expect(figures.settledCount).toBeGreaterThan(0);
      expect([declaredQueues.length, deletedQueues.length].every((count) => count > 0)).toBe(true);
      await rm(directory, { recursive: true, force: true });
    },
    20 * MINUTE_MS,
  );
});
