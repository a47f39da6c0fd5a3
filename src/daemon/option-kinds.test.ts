import { describe, expect, test } from 'vitest';
import {
  byteSize,
  directory,
  memoryShare,
  names,
  oneOf,
  optionalHost,
  plainName,
  port,
  showBytes,
  text,
  wholeNumber,
} from './option-kinds.ts';

const MIB = 2 ** 20;

describe('a whole number', () => {
  const kind = wholeNumber(1, 65_535);

  test.each(['1', '2047', '65535'])('takes %s', (value) => {
    expect(kind.fromText(value)).toBe(Number(value));
    expect(kind.fromValue(Number(value))).toBe(Number(value));
  });

  test.each(['', '0', '65536', '-1', '1.5', '1e3', '0x10', ' 1', 'many', '99999999999999999999'])(
    'refuses "%s"',
    (value) => {
      expect(kind.fromText(value)).toBeUndefined();
    },
  );

  test.each([0, 65_536, 1.5, Number.NaN, '1', null, true, {}])('refuses the value %s', (value) => {
    expect(kind.fromValue(value)).toBeUndefined();
  });
});

test('a host has no port, because it has one of its own', () => {
  for (const host of ['', 'node-1.example', '10.0.0.1', 'fe80::1'])
    expect(optionalHost().fromText(host)).toBe(host);
  for (const host of ['node-1:25672', '[::1]', 'a b', 'http://a', 'a/b'])
    expect(optionalHost().fromText(host)).toBeUndefined();
});

test('a port may be 0, for any free one', () => {
  expect(port().fromText('0')).toBe(0);
  expect(port().fromText('65536')).toBeUndefined();
});

describe('a size', () => {
  const kind = byteSize(1, 512 * MIB);

  test.each([
    ['1', 1],
    ['10B', 10],
    ['64KB', 64_000],
    ['64KiB', 65_536],
    ['1.5MiB', 1.5 * MIB],
    ['100 MB', 100e6],
    ['32mib', 32 * MIB],
    ['64kb', 64_000],
    ['0.0001tb', 100e6],
  ])('takes %s as %d', (given, bytes) => {
    expect(kind.fromText(given)).toBe(bytes);
    expect(kind.fromValue(given)).toBe(bytes);
  });

  test.each(['', '0', '-1', '513MiB', '1TB', '1X', '5 iB', '32M', '64k', 'MiB', '1..5MB', '50%'])(
    'refuses "%s"',
    (given) => {
      expect(kind.fromText(given)).toBeUndefined();
    },
  );

  test('says with which units, when it is refused', () => {
    expect(kind.allowed).toBe(
      'a size from 1 byte to 512 MiB: bytes, or with a unit (KB, MB, GB, TB, KiB, MiB, GiB or TiB)',
    );
  });

  test.each([
    [128 * MIB, '128 MiB'],
    [4096, '4 KiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [2 ** 44, '16 TiB'],
    [1e12, '1 TB'],
    [1500, '1.5 KB'],
    [1023, '1023 bytes'],
    [1, '1 byte'],
    [0, '0 bytes'],
  ])('of %d bytes is shown as %s, which can be typed back', (bytes, text) => {
    expect(showBytes(bytes)).toBe(text);
    expect(byteSize(0, 2 ** 50).fromText(text.replace(/ bytes?/, ''))).toBe(bytes);
  });

  test('that is no round number is shown in the largest unit that fits', () => {
    expect([1e9 - 1, 12_345_678].map(showBytes)).toEqual(['953.7 MiB', '11.8 MiB']);
  });
});

describe('a share of the memory or a size', () => {
  const kind = memoryShare(64 * MIB);

  test.each([
    ['0.4', 0.4],
    ['.5', 0.5],
    ['1.0', 1],
    ['512MiB', 512 * MIB],
    ['67108864', 64 * MIB],
    ['1', 1],
    ['60%', 0.6],
    ['100%', 1],
    ['12.5%', 0.125],
    ['1tb', 1e12],
  ])('takes %s as %d', (given, value) => {
    expect(kind.fromText(given)).toBe(value);
    expect(kind.fromValue(given)).toBe(value);
    expect(kind.fromValue(value)).toBe(value);
  });

  test.each(['0', '0.01', '1.1', '2', '63MiB', '1B', '4%', '101%', '%', '9999999999TiB', 'all'])(
    'refuses "%s"',
    (given) => {
      expect(kind.fromText(given)).toBeUndefined();
    },
  );
});

describe('names', () => {
  test('have commas between them, or are an array', () => {
    expect(names('names', false).fromText('localhost, 10.0.0.1')).toEqual(['localhost', '10.0.0.1']);
    expect(names('names', false).fromValue(['localhost', '::1'])).toEqual(['localhost', '::1']);
  });

  test('may be none where that makes sense', () => {
    expect(names('names', true).fromText('')).toEqual([]);
    expect(names('names', true).fromValue([])).toEqual([]);
    expect(names('names', false).fromText('')).toBeUndefined();
  });

  test('must not be empty each', () => {
    expect(names('names', true).fromText('a,,b')).toBeUndefined();
    expect(names('names', true).fromValue(['a', ''])).toBeUndefined();
    expect(names('names', true).fromValue(['a', 5])).toBeUndefined();
  });
});

test('a choice takes its words only', () => {
  const kind = oneOf(['memory'], 'engine', ' (file is not available)');
  expect(kind.fromText('memory')).toBe('memory');
  expect(kind.fromText('Memory')).toBeUndefined();
  expect(kind.allowed).toBe('memory (file is not available)');
});

describe('a directory', () => {
  test.each(['data', './data', '/var/lib/leveret', '~backup', 'a/~/b'])('may be %s', (path) => {
    expect(directory().fromText(path)).toBe(path);
    expect(directory().fromValue(path)).toBe(path);
  });

  test.each(['', '~', '~/data'])('that only a shell knows, like "%s", is refused', (path) => {
    expect(directory().fromText(path)).toBeUndefined();
    expect(directory().fromValue(path)).toBeUndefined();
  });
});

test('a plain name has nothing in it that has a meaning elsewhere', () => {
  expect(plainName().fromText('orders-2b')).toBe('orders-2b');
  for (const bad of ['', 'a.b', 'a b', 'a*', 'a_b', 'x'.repeat(65)])
    expect(plainName().fromText(bad)).toBeUndefined();
  expect(plainName().fromValue(7)).toBeUndefined();
});

test('a text must not be empty', () => {
  expect(text('name').fromText('guest')).toBe('guest');
  expect(text('name').fromText('')).toBeUndefined();
  expect(text('name').fromValue(7)).toBeUndefined();
});
