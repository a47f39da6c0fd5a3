/** What a request to replay messages asks for. */
import type { BasicProperties } from '../../codec/properties.ts';
import type { BrowsePlace } from '../../core/queue/queue-browser.ts';
import { type DeadLetter, deadLetterOf } from './dead-letter.ts';
import { invalidPart } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { placeOfText } from './scan-queue.ts';

const FIELDS: ReadonlySet<string> = new Set(['which', 'to', 'rate_per_second', 'max', 'stop_on_failure']);
const TARGET_FIELDS: ReadonlySet<string> = new Set(['queue', 'exchange', 'routing_key']);
const WHICH_FIELDS: ReadonlySet<string> = new Set(['positions', 'reason', 'queue', 'exchange', 'error']);
const DEATH_FIELDS = ['reason', 'queue', 'exchange', 'error'] as const;
const POSITIONS_MAX = 10_000;
const RATE_MAX = 100_000;
const WHICH_FORM =
  "it must be 'all', or an object with positions, or with what the messages have in common: reason, queue, exchange, error";

/** What dead letters have in common; null: they have none. */
type DeathFilter = { readonly [name in (typeof DEATH_FIELDS)[number]]?: string | null };

type Which =
  | { readonly kind: 'all' }
  | { readonly kind: 'positions'; readonly places: readonly BrowsePlace[] }
  | { readonly kind: 'filter'; readonly filter: DeathFilter };

export interface ReplayInput {
  readonly which: Which;
  /** Undefined: back to where each message died. */
  readonly to: RequestInput | undefined;
  /** Undefined: as fast as it goes. */
  readonly ratePerSecond: number | undefined;
  readonly max: number | undefined;
  readonly stopOnFailure: boolean;
}

/** Problem 400. */
export function replayInputOf(json: unknown): ReplayInput {
  const input = new RequestInput('body', json, FIELDS);
  return {
    which: whichOf(input.raw('which')),
    to: input.has('to') ? new RequestInput('body/to', input.raw('to'), TARGET_FIELDS) : undefined,
    ratePerSecond: input.integer('rate_per_second', { min: 1, max: RATE_MAX }),
    max: input.integer('max', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    stopOnFailure: input.flag('stop_on_failure') ?? true,
  };
}

/** Whether a message died as the filter says. */
export function diedAs({ headers }: BasicProperties, filter: DeathFilter, source: string): boolean {
  const letter: DeadLetter = deadLetterOf(headers, source);
  return DEATH_FIELDS.every((name) => filter[name] === undefined || filter[name] === (letter[name] ?? null));
}

function whichOf(which: unknown): Which {
  if (which === 'all') return { kind: 'all' };
  if (typeof which !== 'object' || which === null || Array.isArray(which))
    throw invalidPart('body/which', which, WHICH_FORM);
  const input = new RequestInput('body/which', which, WHICH_FIELDS);
  const filter = filterOf(input);
  const isEmpty = Object.keys(filter).length === 0;
  if (input.has('positions') !== isEmpty) throw invalidPart('body/which', which, WHICH_FORM);
  if (!isEmpty) return { kind: 'filter', filter };
  return { kind: 'positions', places: placesOf('body/which/positions', input.raw('positions')) };
}

function filterOf(input: RequestInput): DeathFilter {
  const filter: { -readonly [name in keyof DeathFilter]: DeathFilter[name] } = {};
  for (const name of DEATH_FIELDS) {
    const value = input.raw(name) === null ? null : input.text(name);
    if (value !== undefined) filter[name] = value;
  }
  return filter;
}

/** The places of a list of positions. Problem 400. */
export function placesOf(at: string, positions: unknown): BrowsePlace[] {
  const form = `it must be an array of 1 to ${POSITIONS_MAX} positions, as a look into the queue shows them`;
  if (!Array.isArray(positions) || positions.length === 0 || positions.length > POSITIONS_MAX)
    throw invalidPart(at, Array.isArray(positions) ? `${positions.length} elements` : positions, form);
  return positions.map((position, index) => {
    if (typeof position === 'string') return placeOfText(`${at}/${index}`, position);
    throw invalidPart(`${at}/${index}`, position, "it must be a position, like '0-17'");
  });
}
