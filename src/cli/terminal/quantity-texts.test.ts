import { describe, expect, test } from 'vitest';
import {
  amountOf,
  byteRateText,
  bytesText,
  numberText,
  percentText,
  rateText,
  spanText,
} from './quantity-texts.ts';

describe('quantities', () => {
  test.each([
    [undefined, ''],
    [0, '0/s'],
    [0.04, '0/s'],
    [0.44, '0.4/s'],
    [9.96, '10/s'],
    [1234.4, '1 234/s'],
    [999_949, '999 949/s'],
    [1_250_000, '1.25 M/s'],
  ])('a rate of %j is %j', (rate, text) => {
    expect(rateText(rate)).toBe(text);
  });

  test.each([
    [undefined, ''],
    [0, '0 s'],
    [0.0123, '12 ms'],
    [0.9996, '1.0 s'],
    [4.21, '4.2 s'],
    [9.96, '10 s'],
    [59.6, '1m'],
    [61, '1m 1s'],
    [3600, '1h'],
    [11_040, '3h 4m'],
    [1_047_600, '12d 3h'],
  ])('a time of %j seconds is %j', (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });

  test('others have their units, too', () => {
    expect([bytesText(0), bytesText(1023), bytesText(1.5 * 2 ** 20), bytesText(undefined)]).toEqual([
      '0 B',
      '1023 B',
      '1.50 MiB',
      '',
    ]);
    expect([byteRateText(0.3), byteRateText(2048), byteRateText(undefined)]).toEqual([
      '0/s',
      '2.00 KiB/s',
      '',
    ]);
    expect([numberText(12_345), numberText(undefined), percentText(0.628)]).toEqual(['12 345', '', '63 %']);
    expect([
      amountOf(1, 'policy', 'policies'),
      amountOf(2, 'policy', 'policies'),
      amountOf(0, 'user'),
    ]).toEqual(['1 policy', '2 policies', '0 users']);
  });
});
