import type { format as FormatTexts } from '../language/en/format.ts';

const KIB = 1024;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Texts = typeof FormatTexts;
/** What is not known is null in JSON. */
type Maybe = number | null | undefined;

/** Numbers, rates, times and sizes as people of a language write them. What is not known becomes a dash. */
export class Formats {
  readonly #texts: Texts;
  readonly #whole: Intl.NumberFormat;
  readonly #short: Intl.NumberFormat;
  readonly #precise: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #second: Intl.DateTimeFormat;
  readonly #minute: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;

  constructor(locale: string, texts: Texts) {
    this.#texts = texts;
    this.#whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.#short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
    this.#precise = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
    this.#time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
    this.#clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
    const minute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    this.#minute = new Intl.DateTimeFormat(locale, minute);
    this.#second = new Intl.DateTimeFormat(locale, { ...minute, second: '2-digit' });
    this.#day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
  }

  /** Every digit. */
  count(value: Maybe): string {
    return isKnown(value) ? this.#whole.format(value) : this.#texts.unknown;
  }

  /** For narrow places: 12.3K. */
  shortCount(value: Maybe): string {
    if (!isKnown(value)) return this.#texts.unknown;
    return Math.abs(value) < 10_000 ? this.#whole.format(value) : this.#short.format(value);
  }

  /** Three digits that matter. */
  number(value: Maybe): string {
    if (!isKnown(value)) return this.#texts.unknown;
    return Math.abs(value) >= 10_000 ? this.#short.format(value) : this.#precise.format(value);
  }

  rate(perSecond: Maybe): string {
    if (!isKnown(perSecond)) return this.#texts.unknown;
    return this.#texts.perSecond(this.number(perSecond));
  }

  share(value: Maybe): string {
    return isKnown(value) ? `${this.#whole.format(value * 100)} %` : this.#texts.unknown;
  }

  bytes(value: Maybe): string {
    if (!isKnown(value)) return this.#texts.unknown;
    let amount = value;
    let unit = 0;
    while (Math.abs(amount) >= KIB && unit < BYTE_UNITS.length - 1) {
      amount /= KIB;
      unit++;
    }
    // 1,023 bytes are not about 1,020
    const format = Math.abs(amount) < 1000 ? this.#precise : this.#whole;
    return `${format.format(amount)} ${BYTE_UNITS[unit]}`;
  }

  duration(milliseconds: Maybe): string {
    if (!isKnown(milliseconds)) return this.#texts.unknown;
    const size = Math.abs(milliseconds);
    if (size < SECOND_MS) return this.#texts.milliseconds(this.#precise.format(milliseconds));
    if (size < 2 * MINUTE_MS) return this.#texts.seconds(this.#precise.format(milliseconds / SECOND_MS));
    if (size < 2 * HOUR_MS) return this.#texts.minutes(this.#precise.format(milliseconds / MINUTE_MS));
    if (size < 2 * DAY_MS) return this.#texts.hours(this.#precise.format(milliseconds / HOUR_MS));
    return this.#texts.days(this.number(milliseconds / DAY_MS));
  }

  /** `at`: milliseconds since 1970, or a time as RFC 3339 has it. */
  time(at: number | string | null | undefined): string {
    const known = dateOf(at);
    return known === undefined ? this.#texts.unknown : this.#time.format(known);
  }

  /** The time of the day. */
  clock(at: number | string | null | undefined): string {
    const known = dateOf(at);
    return known === undefined ? this.#texts.unknown : this.#clock.format(known);
  }

  /** A mark of a time axis, as short as marks `stepMs` apart allow; among hours, midnight is a date. */
  axisTime(atMs: number, stepMs: number): string {
    const date = new Date(atMs);
    const isMidnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
    if (stepMs >= DAY_MS || (isMidnight && stepMs >= HOUR_MS)) return this.#day.format(date);
    return (stepMs < MINUTE_MS ? this.#second : this.#minute).format(date);
  }

  ago(at: number | string | null | undefined, nowMs: number): string {
    const known = dateOf(at);
    if (known === undefined) return this.#texts.unknown;
    return this.#texts.ago(this.duration(Math.max(0, nowMs - known.getTime())));
  }
}

function isKnown(value: Maybe): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function dateOf(at: number | string | null | undefined): Date | undefined {
  if (at === null || at === undefined) return undefined;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
