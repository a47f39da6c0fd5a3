import type { AttemptOutcome, Instruments } from './instruments.ts';

/** Upper bounds of the histogram of durations, in seconds; above the last one there is no bound. */
export const DURATION_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** What a part of a service did since the process began. */
export class PartMetrics {
  inFlightCount = 0;
  readonly outcomes: Record<AttemptOutcome, number> = { done: 0, duplicate: 0, failed: 0, dead: 0 };
  durationSecondsSum = 0;
  /** Attempts by the first bound that they did not exceed; the last one has no bound. */
  readonly durations: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
}

/** Counts what a service does in this process. Runs per message. */
export class ServiceMetrics implements Instruments {
  readonly service: string;
  readonly parts: ReadonlyMap<string, PartMetrics>;
  readonly sentCounts: ReadonlyMap<string, number>;
  readonly #parts: Map<string, PartMetrics> = new Map();
  readonly #sentCounts: Map<string, number> = new Map();

  constructor(service: string) {
    this.service = service;
    this.parts = this.#parts;
    this.sentCounts = this.#sentCounts;
  }

  attemptBegan(part: string): void {
    this.#part(part).inFlightCount += 1;
  }

  attemptEnded(part: string, outcome: AttemptOutcome, durationMs: number): void {
    const metrics = this.#part(part);
    metrics.inFlightCount -= 1;
    metrics.outcomes[outcome] += 1;
    const seconds = durationMs / 1000;
    metrics.durationSecondsSum += seconds;
    let index = 0;
    while (index < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[index] as number)) index += 1;
    metrics.durations[index] = (metrics.durations[index] as number) + 1;
  }

  sent(contract: string, count: number): void {
    this.#sentCounts.set(contract, (this.#sentCounts.get(contract) ?? 0) + count);
  }

  #part(name: string): PartMetrics {
    let part = this.#parts.get(name);
    if (part === undefined) {
      part = new PartMetrics();
      this.#parts.set(name, part);
    }
    return part;
  }
}
