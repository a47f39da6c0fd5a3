/**
 * Three nodes on three nats-servers under load from real clients, and one fault after another. LEVERET_CLUSTER_FAULTS says how many (30),
 * LEVERET_SEED repeats the choices of a run, though not its timing; with LEVERET_CLUSTER_FAULT only faults with that text in their
 * name are chosen.
 */
import { expect, test } from 'vitest';
import { FAULTS } from './lab/faults.ts';
import { describeInLab } from './lab/lab-needs.ts';
import { REPORT_HEAD, reportLine, storm } from './lab/storm.ts';

const FAULT_COUNT = Number(process.env['LEVERET_CLUSTER_FAULTS'] ?? 30);
/** A session keeps its ledgers in memory when it is judged. */
const FAULTS_OF_SESSION = 50;
const NAME_PART = process.env['LEVERET_CLUSTER_FAULT'] ?? '';
const CHOICES = FAULTS.filter(({ name }) => name.includes(NAME_PART));
const FIRST_SEED = Number(process.env['LEVERET_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
const SESSIONS = Array.from({ length: Math.ceil(FAULT_COUNT / FAULTS_OF_SESSION) }, (_, index) => ({
  seed: FIRST_SEED + index,
  faultCount: Math.min(FAULTS_OF_SESSION, FAULT_COUNT - index * FAULTS_OF_SESSION),
}));
/** Far below what the slowest machine does: a cluster that hardly works would keep every promise. */
const CONFIRMED_PER_FAULT_MIN = 50;
/** What a seed has found is not to go away by another try. */
const UNREPEATED = { timeout: 3_600_000, retry: 0 };

describeInLab('a cluster that is hit by faults', () => {
  test.each(SESSIONS)(
    'loses no confirmed message, keeps order, repeats only what was not acked ($faultCount faults, seed $seed)',
    UNREPEATED,
    async ({ seed, faultCount }) => {
      const lines = [REPORT_HEAD];
      const replay = `LEVERET_SEED=${seed} LEVERET_CLUSTER_FAULTS=${faultCount} npm run test:cluster -- cluster-storm`;
      try {
        const onReport = (report: Parameters<typeof reportLine>[0]): void =>
          void lines.push(reportLine(report));
        const { verdict } = await storm({ seed, faultCount, faults: CHOICES, onReport });
        const { declaredQueues, deletedQueues, violations, ...figures } = verdict;
        lines.push(JSON.stringify(figures));
        expect(violations).toEqual([]);
        expect(figures.confirmedCount).toBeGreaterThan(faultCount * CONFIRMED_PER_FAULT_MIN);
        expect(figures.committedCount).toBeGreaterThan(0);
        expect(figures.settledCount).toBeGreaterThan(0);
        expect([declaredQueues.length, deletedQueues.length].every((count) => count > 0)).toBe(true);
      } catch (error) {
        lines.push(`again with: ${replay}`);
        throw error;
      } finally {
        console.log(lines.join('\n'));
      }
    },
  );
});
