import type { SourceChange } from './altered-ownership.ts';

/** A mistake that somebody could make with a lease, and what the simulation must say of it. */
export interface PlantedMistake {
  readonly name: string;
  readonly problem: RegExp;
  readonly changes: readonly SourceChange[];
}

const TWO_OWNERS = / and .* own the log$/;

export const PLANTED_MISTAKES: readonly PlantedMistake[] = [
  {
    name: 'a lease is counted from its answer',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'ownership',
        from: 'const validUntilMs = sentMs + this.#validMs;',
        to: 'const validUntilMs = this.#options.clock.nowMs() + this.#validMs;',
      },
      {
        file: 'ownership',
        from: 'Math.max(state.validUntilMs, sentMs + this.#validMs)',
        to: 'this.#options.clock.nowMs() + this.#validMs',
      },
    ],
  },
  {
    name: 'clocks are taken to run at one speed',
    problem: TWO_OWNERS,
    changes: [{ file: 'ownership', from: 'MARGIN_PART = 1 / 10', to: 'MARGIN_PART = 0' }],
  },
  {
    name: 'a challenger waits anew whenever it is told the same once more',
    problem: /nobody owns the log/,
    changes: [
      {
        file: 'ownership',
        from: 'before !== undefined && before.entry?.revision === entry?.revision',
        to: 'false',
      },
      {
        file: 'ownership',
        from: 'entry.revision <= (this.#sight?.entry?.revision ?? 0)',
        to: 'entry.revision < (this.#sight?.entry?.revision ?? 0)',
      },
    ],
  },
  {
    name: 'a challenger that was too late claims what it finds',
    problem: TWO_OWNERS,
    changes: [
      { file: 'ownership', from: 'else this.#becomeWatching();', to: 'else this.#becomeClaiming(entry);' },
    ],
  },
  {
    name: 'a challenger does not wait when it has just come',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'ownership',
        from: 'sinceMs: this.#options.clock.nowMs() }',
        to: 'sinceMs: before === undefined ? -Infinity : this.#options.clock.nowMs() }',
      },
    ],
  },
  {
    name: 'a challenger waits less than a lease',
    problem: TWO_OWNERS,
    changes: [{ file: 'ownership', from: 'sinceMs + leaseMs -', to: 'sinceMs + 0.8 * leaseMs -' }],
  },
  {
    name: 'a lease is written whatever is there',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'lease-writer',
        from: 'store.write(record, this.#after).then(',
        to: 'store.read().then((found) => this.#options.store.write(record, found?.revision ?? 0)).then(',
      },
    ],
  },
  {
    name: 'an owner writes behind what somebody else has written',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'lease-writer',
        from: 'if (entry?.record.term === this.#options.term && entry.revision > this.#after) {',
        to: 'if (entry !== undefined && entry.revision > this.#after) {',
      },
    ],
  },
  {
    name: 'a write of which nobody knows counts as written',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'lease-writer',
        from: '(error: unknown) => this.#failed(question, textOf(error), () => this.#ask()),',
        to: '() => this.#written(question, { record, revision: this.#after + 1 }, sentMs),',
      },
    ],
  },
  {
    name: 'an owner does not look at its clock',
    problem: TWO_OWNERS,
    changes: [
      {
        file: 'ownership',
        from: 'if (this.#options.clock.nowMs() < state.validUntilMs) return true;',
        to: "if (state.kind === 'owning') return true;",
      },
    ],
  },
  {
    name: 'an owner goes on while it gives the lease away',
    problem: /owns the log that it gives away/,
    changes: [
      {
        file: 'ownership',
        from: "if (state.kind !== 'owning') return false;",
        to: "if (state.kind === 'releasing') return true;\n    if (state.kind !== 'owning') return false;",
      },
    ],
  },
  {
    name: 'a successor waits like all others',
    problem: /gave it away/,
    changes: [{ file: 'ownership', from: '!isOwn && (successor', to: 'false && (successor' }],
  },
  {
    name: 'anybody may take what was given to one',
    problem: /gave it away/,
    changes: [{ file: 'ownership', from: 'successor === this.#options.node)', to: 'true)' }],
  },
  {
    name: 'a claim of which nobody knows is forgotten',
    problem: /nobody owns the log/,
    changes: [
      { file: 'ownership', from: 'const isOwn = term === this.#ownTerm;', to: 'const isOwn = false;' },
      {
        file: 'lease-writer',
        from: 'if (entry.record.term === this.#options.term) this.#after',
        to: 'if (entry.record.term === "") this.#after',
      },
      {
        file: 'lease-writer',
        from: 'if (entry?.record.term === this.#options.term &&',
        to: 'if (entry?.record.term === "" &&',
      },
      {
        file: 'lease-writer',
        from: 'if (entry?.record.term === this.#options.term) return false;',
        to: '',
      },
    ],
  },
];
