import { expect, test } from 'vitest';
import { z } from 'zod';
import { command, event } from './contract.ts';

const anything = z.unknown();

test.each(['a', 'orders.place', 'Orders-2.placed_again', '4711', 'a'.repeat(100)])(
  '%j names a contract',
  (name) => {
    expect(command(name, anything).name).toBe(name);
    expect(event(name, anything).name).toBe(name);
  },
);

test.each([
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  'a b',
  'a/b',
  'a*',
  '#',
  'orders\n',
  'bücher',
  'amq.topic',
  '-a',
  'a'.repeat(101),
])('%j names no contract, and the error says what does', (name) => {
  expect(() => command(name, anything)).toThrow(
    `name of a command: found '${name}'; allowed: letters and digits with single dots, dashes or underscores between them, at most 100 characters, not beginning with 'amq.'`,
  );
  expect(() => event(name, anything)).toThrow(`name of an event: found '${name}'`);
});

test('a contract is a plain value', () => {
  const schema = z.object({ id: z.string() });
  const reply = z.boolean();
  const key = (payload: { id: string }): string => payload.id;
  expect(command('a', schema, { reply, key })).toEqual({
    kind: 'command',
    name: 'a',
    schema,
    reply,
    hasKey: true,
    key,
  });
  expect(event('b', schema)).toEqual({ kind: 'event', name: 'b', schema, reply: undefined, hasKey: false });
});
