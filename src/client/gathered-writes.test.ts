import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { gatherWrites } from './gathered-writes.ts';

class CountedCalls extends Writable {
  readonly calls: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    done();
  }
}

it('makes one call of what is written in one turn, in its order', async () => {
  const stream = new CountedCalls();
  gatherWrites(stream);
  for (const text of ['a', 'b', 'c']) stream.write(text);
  expect(stream.calls).toEqual([]);
  await nextTurn();
  expect(stream.calls).toEqual(['abc']);
  stream.write('d');
  await nextTurn();
  expect(stream.calls).toEqual(['abc', 'd']);
});

it('leaves the rest to the stream: when it is full, when a write is done, how it ends', async () => {
  const stream = new CountedCalls({ highWaterMark: 2 });
  gatherWrites(stream);
  const done: string[] = [];
  expect(stream.write('a', () => done.push('a'))).toBe(true);
  expect(stream.write('Yg==', 'base64', () => done.push('b'))).toBe(false);
  await once(stream, 'drain');
  expect([done, stream.calls]).toEqual([['a', 'b'], ['ab']]);
  stream.write('c');
  stream.end('d');
  await once(stream, 'finish');
  expect(stream.calls.join('')).toBe('abcd');
});
