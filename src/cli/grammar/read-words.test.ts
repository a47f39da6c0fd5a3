import { describe, expect, test } from 'vitest';
import { text, wholeNumber } from '../../daemon/option-kinds.ts';
import { list, option, optionOr, orVariable, toggle } from './flags.ts';
import { readWords } from './read-words.ts';

const FLAGS = {
  vhost: orVariable(option(text('name'), 'the vhost'), 'LEVERET_VHOST'),
  count: optionOr(wholeNumber(1, 10), 1, 'how many'),
  header: list(text('name'), 'a header'),
  autoDelete: toggle('deleted when unused'),
};
const OPERANDS = [{ name: 'QUEUE' }, { name: 'BODY', optional: true }] as const;

function read(...args: string[]): unknown {
  return readWords(args, FLAGS, OPERANDS, { LEVERET_VHOST: 'shop' });
}

describe('words', () => {
  test('are flags and operands in any order', () => {
    expect(read('--count', '3', 'orders', '--auto-delete', '--header=a', 'hello', '--header', 'b')).toEqual({
      flags: { vhost: 'shop', count: 3, header: ['a', 'b'], autoDelete: true },
      operands: ['orders', 'hello'],
    });
  });

  test('a flag wins over its variable, and an empty variable is none', () => {
    expect(read('orders', '--vhost', 'other')).toMatchObject({ flags: { vhost: 'other' } });
    expect(readWords(['orders'], FLAGS, OPERANDS, { LEVERET_VHOST: '' }).flags.vhost).toBeUndefined();
  });

  test('behind -- are operands only', () => {
    expect(read('--', '--orders', '-x')).toMatchObject({ operands: ['--orders', '-x'] });
  });

  test.each([
    [['orders', '--coun', '3'], 'option --coun is not known (did you mean --count?)'],
    [['orders', '--count', '11'], "option --count: bad value '11'; allowed: a whole number from 1 to 10"],
    [
      ['orders', '--count', '--auto-delete'],
      'option --count: the value is missing; allowed: --count <number>',
    ],
    [['orders', '--count'], 'option --count: the value is missing; allowed: --count <number>'],
    [['orders', '--auto-delete=yes'], "option --auto-delete takes no value, found 'yes'"],
    [[], 'QUEUE is missing'],
    [['a', 'b', 'c'], "unexpected argument 'c'"],
  ])('%j is refused: %s', (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
