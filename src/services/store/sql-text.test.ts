import { expect, test } from 'vitest';
import { refuseTransactionControl, shortened } from './sql-text.ts';

test('what begins or ends a transaction is refused, also behind comments', () => {
  for (const text of [
    'begin',
    ' COMMIT',
    '-- x\n rollback',
    '/* a */ savepoint x',
    'End transaction',
    'start transaction',
    'abort',
    'release x',
    'prepare transaction $1',
  ]) {
    expect(() => refuseTransactionControl(text, 'leave it out')).toThrow(
      /is not for a statement here: leave it out/,
    );
  }
});

test('what only looks like it is taken', () => {
  for (const text of [
    'select 1 -- commit',
    'beginning',
    'insert into commits values (1)',
    "select 'begin'",
    'prepare plan as select 1',
    '-- commit',
  ]) {
    expect(() => refuseTransactionControl(text, '')).not.toThrow();
  }
});

test('a statement is shown on one line, cut where it is long', () => {
  expect(shortened('  select\n\n   1 ')).toBe('select 1');
  expect(shortened('x'.repeat(300))).toBe(`${'x'.repeat(200)}...`);
});
