import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { NodeFacts } from '../management/management-host.ts';
import { openFilesMax } from './open-files.ts';
import { VERSION } from './version.ts';

/** Counting them takes a system call per some hundred: not for each request. */
const DESCRIPTORS_AGE_MS_MAX = 1_000;

/** What only the broker knows. */
type BrokerFacts = Pick<
  NodeFacts,
  'memoryLimitBytes' | 'diskFreeBytes' | 'diskFreeLimitBytes' | 'storedBytes' | 'connectionsMax' | 'dataDir'
>;

/** What the process and its machine say about themselves. */
export class NodeFactsSource {
  readonly #descriptorsMax: number = openFilesMax();
  readonly #processors: number = availableParallelism();
  readonly #startMs: number = performance.now();
  #descriptorsUsed = 0;
  #descriptorsMs = Number.NEGATIVE_INFINITY;

  facts(ofBroker: BrokerFacts): NodeFacts {
    return {
      version: VERSION,
      osPid: process.pid,
      uptimeMs: Math.round(performance.now() - this.#startMs),
      processors: this.#processors,
      memoryUsedBytes: process.memoryUsage.rss(),
      fileDescriptorsUsed: this.#countDescriptors(),
      fileDescriptorsMax: this.#descriptorsMax,
      ...ofBroker,
    };
  }

  #countDescriptors(): number {
    const nowMs = performance.now();
    if (nowMs - this.#descriptorsMs >= DESCRIPTORS_AGE_MS_MAX) {
      this.#descriptorsUsed = countOpenFiles();
      this.#descriptorsMs = nowMs;
    }
    return this.#descriptorsUsed;
  }
}

/** 0 where the system does not tell. */
function countOpenFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0; // no /proc on this system
  }
}
