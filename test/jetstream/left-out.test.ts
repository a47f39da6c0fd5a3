import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LEFT_OUT } from './left-out.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(LEFT_OUT)('there is a test to leave out: $test', ({ file, test: name }) => {
  const title = name.split(' > ').at(-1);
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(`test('${title}'`);
});
