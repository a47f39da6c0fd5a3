/** Quantities for people, short enough for a cell of a table. Absent ones are shown as nothing. */
import { countText, sizeText } from '../../daemon/size-text.ts';

/** Per second: `0/s`, `0.4/s`, `12/s`, `1 234/s`, `1.25 M/s`. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  if (perSecond < 0.05) return '0/s';
  if (perSecond < 9.95) return `${perSecond.toFixed(1)}/s`;
  if (perSecond >= 999_950) return `${(perSecond / 1e6).toFixed(2)} M/s`;
  return `${countText(Math.round(perSecond))}/s`;
}

/** Bytes per second. */
export function byteRateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  return perSecond < 1 ? '0/s' : `${bytesText(Math.round(perSecond))}/s`;
}

/** `0 B`, `512 B`, `1.50 MiB`. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  return bytes < 1024 ? `${bytes} B` : sizeText(bytes);
}

export function numberText(count: number | undefined): string {
  if (count === undefined) return '';
  return Number.isInteger(count) ? countText(count) : String(count);
}

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** A time that has passed or is to come: `12 ms`, `4.2 s`, `38 s`, `5m 20s`, `3h 4m`, `12d 3h`. */
export function spanText(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 0.0005) return '0 s';
  if (seconds < 0.9995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const unit = UNITS[at];
  if (unit === undefined) return `${whole} s`;
  const [smaller, smallerSize] = UNITS[at + 1] ?? ['s', 1];
  const rest = Math.floor((whole % unit[1]) / smallerSize);
  const first = `${countText(Math.floor(whole / unit[1]))}${unit[0]}`;
  return rest === 0 ? first : `${first} ${rest}${smaller}`;
}

/** `63 %`. */
export function percentText(share: number | undefined): string {
  return share === undefined ? '' : `${Math.round(share * 100)} %`;
}

/** `1 queue`, `2 policies`. */
export function amountOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : plural}`;
}
