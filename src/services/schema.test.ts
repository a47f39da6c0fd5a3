import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { validated } from './schema.ts';
import { PayloadInvalid } from './service-failures.ts';

const order = z.object({
  id: z.string(),
  items: z.array(z.object({ price: z.number() })),
  note: z.string().default('none'),
});

function failureOf(run: () => unknown): PayloadInvalid {
  try {
    run();
  } catch (reason) {
    if (reason instanceof PayloadInvalid) return reason;
    throw reason;
  }
  throw new Error('nothing was thrown');
}

/** A schema of no library. */
function byHand(validate: StandardSchemaV1.Props['validate']): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'by hand', validate } };
}

test('a payload that fits comes back as its schema makes it, at once', () => {
  expect(validated('message', order, { id: 'a', items: [] })).toEqual({ id: 'a', items: [], note: 'none' });
});

test('a payload that does not fit names each place that is wrong', () => {
  const failure = failureOf(() =>
    validated("command 'orders.place' (message 1)", order, { items: [{ price: 1 }, { price: 'x' }] }),
  );
  expect(failure.code).toBe('PAYLOAD_INVALID');
  expect(failure.issues.map(({ path }) => path)).toEqual(['id', 'items.1.price']);
  expect(failure.message).toMatch(
    /^command 'orders\.place' \(message 1\) does not fit its contract: id: .*; items\.1\.price: .*number/,
  );
});

test('an issue with the payload itself has no path', () => {
  const failure = failureOf(() => validated('message', order, undefined));
  expect(failure.issues).toEqual([{ path: '', message: expect.stringContaining('object') }]);
  expect(failure.message).toBe(`message does not fit its contract: ${failure.issues[0]?.message}`);
});

test('steps of a path may be objects, numbers or symbols', () => {
  const schema = byHand(() => ({
    issues: [{ message: 'wrong', path: [{ key: 'list' }, 3, Symbol('secret')] }],
  }));
  expect(failureOf(() => validated('message', schema, {})).issues).toEqual([
    { path: 'list.3.Symbol(secret)', message: 'wrong' },
  ]);
});

test('a schema may take its time', async () => {
  const later = z.string().refine(async (text) => text === 'right', 'it is wrong');
  await expect(validated('message', later, 'right')).resolves.toBe('right');
  await expect(validated('message', later, 'left')).rejects.toThrow(
    'message does not fit its contract: it is wrong',
  );
});

test('what a schema throws is no fault of the payload', () => {
  const broken = byHand(() => {
    throw new RangeError('the schema is broken');
  });
  expect(() => validated('message', broken, {})).toThrow(RangeError);
});
