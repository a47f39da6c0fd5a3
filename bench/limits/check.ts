import { markdownTable } from '../markdown-table.ts';

export const LIMIT_PARTS = [
  'backlog',
  'file-backlog',
  'latency',
  'scale',
  'statistics',
  'management',
  'metrics',
  'http',
] as const;
export type LimitPart = (typeof LIMIT_PARTS)[number];

export type Unit =
  | 'MB'
  | 'KB'
  | 'ms'
  | 's'
  | 'messages/s'
  | 'messages'
  | 'connections'
  | 'us CPU'
  | 'x'
  | '%'
  | '% of a core';

/** What a figure must be. A promise holds on any machine; a goal can be missed because the machine does something else. */
export interface Target {
  readonly kind: 'promise' | 'goal';
  readonly comparison: 'below' | 'at least';
  readonly bound: number;
}

/** One figure, and what it must be; without a target it is only reported. */
export interface Check {
  readonly part: LimitPart | 'workloads';
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  readonly target?: Target;
}

export type Verdict = 'ok' | 'not ok' | '';

/** Digits behind the decimal point. */
const DIGITS: Readonly<Record<Unit, number>> = {
  MB: 0,
  KB: 1,
  ms: 3,
  s: 2,
  'messages/s': 0,
  messages: 0,
  'us CPU': 2,
  x: 1,
  '%': 1,
  '% of a core': 2,
  connections: 0,
};

export function below(kind: Target['kind'], bound: number): Target {
  return { kind, comparison: 'below', bound };
}

export function atLeast(kind: Target['kind'], bound: number): Target {
  return { kind, comparison: 'at least', bound };
}

/** A value that is not a number meets no target. */
export function verdict({ value, target }: Check): Verdict {
  if (target === undefined) {
    return '';
  }
  const met = target.comparison === 'below' ? value < target.bound : value >= target.bound;
  return met ? 'ok' : 'not ok';
}

/** The checks that make the command fail: promises always, goals when `strict`. */
export function missed(checks: readonly Check[], strict: boolean): Check[] {
  return checks.filter(
    (check) => verdict(check) === 'not ok' && (strict || check.target?.kind === 'promise'),
  );
}

export function limitsTable(checks: readonly Check[]): string {
  const rows = checks.map((check) => [
    check.part,
    check.what,
    `${shown(check.value, check.unit)} ${check.unit}`,
    shownTarget(check),
    verdict(check),
  ]);
  return markdownTable(['part', 'what', 'value', 'target', ''], rows, 2);
}

function shownTarget({ target, unit }: Check): string {
  return target === undefined
    ? ''
    : `${target.comparison} ${target.bound.toLocaleString('en-US', { maximumFractionDigits: DIGITS[unit] })} ${unit}`;
}

function shown(value: number, unit: Unit): string {
  const digits = DIGITS[unit];
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
