/** What a request asks of a list or of one object, as RabbitMQ's management API reads its query string. */
import { Pattern } from '../core/access/pattern.ts';
import { ApiError, badRequest } from './api-error.ts';

const PAGE_SIZE_DEFAULT = 100;
const PAGE_SIZE_MAX = 500;
const SAMPLES_MAX = 500;
/** What Erlang takes for an integer. */
const INTEGER = /^[+-]?[0-9]+$/;

/** A column, and what is wanted in it: `message_stats.publish_details.rate` has three parts. */
export type Column = readonly string[];

/** How far back samples go, and how far apart they are. */
export interface SampleRange {
  readonly ageSeconds: number;
  readonly incrementSeconds: number;
}

export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
  /** Whether a name is wanted. */
  readonly matches: (name: string) => boolean;
}

export interface ListQuery {
  /** Undefined: all. */
  readonly columns: readonly Column[] | undefined;
  /** A column to sort by before the usual ones. */
  readonly sort: Column | undefined;
  readonly sortReverse: boolean;
  /** Undefined: the whole list. */
  readonly page: Page | undefined;
  readonly lengths: SampleRange | undefined;
  readonly messageRates: SampleRange | undefined;
  readonly dataRates: SampleRange | undefined;
  readonly nodeStats: SampleRange | undefined;
  readonly disableStats: boolean;
  readonly enableQueueTotals: boolean;
}

/** 400 for a page or a range of samples that cannot be, in RabbitMQ's words. */
export function parseListQuery(query: unknown): ListQuery {
  const parameters = new Parameters(query);
  return {
    columns: columnsOf(parameters.text('columns')),
    sort: columnOf(parameters.text('sort') ?? ''),
    sortReverse: parameters.text('sort_reverse') === 'true',
    page: pageOf(parameters),
    lengths: rangeOf(parameters, 'lengths'),
    messageRates: rangeOf(parameters, 'msg_rates'),
    dataRates: rangeOf(parameters, 'data_rates'),
    nodeStats: rangeOf(parameters, 'node_stats'),
    disableStats: parameters.text('disable_stats') === 'true',
    enableQueueTotals: parameters.text('enable_queue_totals') === 'true',
  };
}

class Parameters {
  readonly #query: Readonly<Record<string, unknown>>;

  constructor(query: unknown) {
    this.#query = typeof query === 'object' && query !== null ? { ...query } : {};
  }

  /** Of a parameter that is there several times, the first counts. */
  text(name: string): string | undefined {
    const value = this.#query[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : undefined;
  }
}

/** `columns=` alone asks for no column, as in RabbitMQ. */
function columnsOf(text: string | undefined): readonly Column[] | undefined {
  return text?.split(',').flatMap((part) => {
    const column = columnOf(part);
    return column === undefined ? [] : [column];
  });
}

function columnOf(text: string): Column | undefined {
  const parts = text.split('.').filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts;
}

function pageOf(parameters: Parameters): Page | undefined {
  const number = integerOf(parameters.text('page'));
  const size = integerOf(parameters.text('page_size'));
  if (number === undefined) return undefined;
  const sizeIsAllowed = size === undefined || (size > 0 && size <= PAGE_SIZE_MAX);
  if (number <= 0 || !sizeIsAllowed) {
    throw new ApiError(
      400,
      'invalid_pagination_parameters',
      `Invalid pagination parameters: page number ${number}, page size ${size}`,
    );
  }
  return { number, size: size ?? PAGE_SIZE_DEFAULT, matches: nameFilter(parameters) };
}

/** An unanchored pattern in any case of letters, or a text that the name contains. */
function nameFilter(parameters: Parameters): (name: string) => boolean {
  const wanted = parameters.text('name') ?? '';
  if (wanted === '') return () => true;
  if (parameters.text('use_regex') === 'true') {
    const pattern = Pattern.compile(wanted.startsWith('(?i)') ? wanted : `(?i)${wanted}`);
    return (name) => pattern.test(name);
  }
  const lower = wanted.toLowerCase();
  return (name) => name.toLowerCase().includes(lower);
}

function integerOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!INTEGER.test(text)) throw badRequest('Pagination parameters are invalid');
  return Number(text);
}

/** Half a range is none, and what is no number neither. */
function rangeOf(parameters: Parameters, prefix: string): SampleRange | undefined {
  const age = parameters.text(`${prefix}_age`) ?? '';
  const increment = parameters.text(`${prefix}_incr`) ?? '';
  if (!INTEGER.test(age) || !INTEGER.test(increment)) return undefined;
  const ageSeconds = Number(age);
  const incrementSeconds = Number(increment);
  const isAllowed =
    ageSeconds > 0 && incrementSeconds > 0 && Math.floor(ageSeconds / incrementSeconds) <= SAMPLES_MAX;
  if (isAllowed) return { ageSeconds, incrementSeconds };
  const reason = `Invalid range parameters: age ${ageSeconds}, incr ${incrementSeconds}`;
  throw new ApiError(400, 'invalid_range_parameters', reason);
}
