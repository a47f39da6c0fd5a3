import { expect, test } from 'vitest';
import { splitStatements } from './split-statements.ts';

function texts(text: string): string[] {
  return splitStatements(text).map((statement) => statement.text);
}

test('statements end with a semicolon, the last one also without', () => {
  expect(texts('select 1;\nselect 2')).toEqual(['select 1', 'select 2']);
  expect(texts(';;\n ; ')).toEqual([]);
  expect(texts('-- nothing; at all\n/* or; so */')).toEqual([]);
});

test('each knows the line where it begins, after comments', () => {
  expect(splitStatements('\n-- one\nselect 1;\n\n/* two\n */ select\n2;')).toEqual([
    { text: 'select 1', line: 3 },
    { text: 'select\n2', line: 6 },
  ]);
});

test('semicolons in strings, names and comments end nothing', () => {
  for (const statement of [
    "select 'a;b''c;'",
    'select "a;b""c;"',
    'select `a;b`',
    "select E'it\\'s;'",
    'select 1 -- a;\n+ 2',
    'select /* a; /* b; */ c; */ 1',
    'do $$ begin; end; $$',
    'do $body$ select $$;$$; $body$',
  ]) {
    expect(texts(`${statement};select 2`)).toEqual([statement, 'select 2']);
  }
});

test('the body of a trigger or function is not cut', () => {
  const trigger = `create trigger t after insert on a begin
    update b set c = case when new.c > 1 then 1 else 2 end;
    delete from d;
  end`;
  const body = `create or replace function f() returns int begin atomic
    select 1; select 2;
  END`;
  expect(texts(`${trigger};\nselect 1;`)).toEqual([trigger, 'select 1']);
  expect(texts(`${body};select 1`)).toEqual([body, 'select 1']);
});

test('a word like begin ends or begins nothing elsewhere', () => {
  expect(texts('create table begin_at (id int); select end_at from x; create table "begin" (x int)')).toEqual(
    ['create table begin_at (id int)', 'select end_at from x', 'create table "begin" (x int)'],
  );
});
