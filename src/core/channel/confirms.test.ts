import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { writtenFrames } from '../../../test/core/written-frames.ts';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { Confirms } from './confirms.ts';

let confirms: Confirms;

beforeEach(() => {
  confirms = new Confirms();
});

/** What a client reads when everything up to `upTo` is answered: `ack 3`, `acks to 5`, `nack 6`. */
function answers(to: Confirms, upTo: number): string[] {
  const writer = new ByteWriter();
  to.answer(writer, 4, upTo);
  return writtenFrames(writer.bytes, writer.position).map((frame) => {
    if (!('method' in frame) || frame.channel !== 4) throw new Error('a confirm is a method of channel 4');
    const { method } = frame;
    if (method.name === 'basic.nack' && !method.multiple) return `nack ${method.deliveryTag}`;
    if (method.name !== 'basic.ack') throw new Error(`a confirm is no ${method.name}`);
    return method.multiple ? `acks to ${method.deliveryTag}` : `ack ${method.deliveryTag}`;
  });
}

function publish(count: number): void {
  for (let each = 0; each < count; each++) confirms.addDurable();
}

test('messages are numbered from 1, whether they have to survive or not', () => {
  expect([confirms.add(), confirms.addDurable(), confirms.add()]).toEqual([1, 2, 3]);
  expect(confirms.outstanding).toBe(3);
});

test('one message is acked alone, several together', () => {
  publish(1);
  expect(answers(confirms, 1)).toEqual(['ack 1']);
  publish(3);
  expect(answers(confirms, 4)).toEqual(['acks to 4']);
  expect(confirms.outstanding).toBe(0);
});

test('a refused message is nacked between the acks of those around it', () => {
  publish(6);
  confirms.refuse(3);
  confirms.refuse(4);
  expect(answers(confirms, 6)).toEqual(['acks to 2', 'nack 3', 'nack 4', 'acks to 6']);
});

test('a refusal behind what is answered waits', () => {
  publish(3);
  confirms.refuse(3);
  expect(answers(confirms, 2)).toEqual(['acks to 2']);
  expect(confirms.outstanding).toBe(1);
  expect(answers(confirms, 3)).toEqual(['nack 3']);
});

test('nothing may be answered before its block is durable', () => {
  publish(2);
  confirms.seal(7);
  publish(1);
  confirms.seal(8);
  expect(confirms.takeDurable(6)).toBe(0);
  expect(confirms.takeDurable(7)).toBe(2);
  expect(confirms.takeDurable(8)).toBe(3);
});

test('several blocks that became durable are answered at once', () => {
  for (let block = 1; block <= 3; block++) {
    publish(1);
    confirms.seal(block);
  }
  expect(confirms.takeDurable(3)).toBe(3);
});

test('when nothing new is durable there is nothing to answer, also after earlier answers', () => {
  publish(1);
  confirms.seal(1);
  expect(answers(confirms, confirms.takeDurable(1))).toEqual(['ack 1']);
  expect(confirms.takeDurable(1)).toBe(0);
  publish(1);
  confirms.seal(2);
  expect(confirms.takeDurable(1)).toBe(0);
});

test('sealing again without a new message changes nothing', () => {
  publish(1);
  confirms.seal(1);
  confirms.seal(5);
  expect(confirms.takeDurable(1)).toBe(1);
});

test('what does not have to survive waits for no block', () => {
  confirms.add();
  confirms.seal(7);
  expect(confirms.takeDurable(0)).toBe(1);
});

test('what does not have to survive waits for what was published before it, and no longer', () => {
  publish(1);
  confirms.seal(7);
  confirms.add();
  confirms.seal(8);
  confirms.add();
  confirms.seal(9);
  expect(confirms.takeDurable(6)).toBe(0);
  expect(confirms.takeDurable(7)).toBe(3);
});

test('one message that has to survive makes all of its turn wait', () => {
  confirms.add();
  publish(1);
  confirms.add();
  confirms.seal(7);
  expect(confirms.takeDurable(6)).toBe(0);
  expect(confirms.takeDurable(7)).toBe(3);
  confirms.add();
  confirms.seal(8);
  expect(confirms.takeDurable(7)).toBe(4);
});

test('every message is answered once, in order, and only when it is durable', () => {
  const turn = fc.record({
    published: fc.array(fc.record({ isRefused: fc.boolean(), survives: fc.boolean() }), { maxLength: 6 }),
    durable: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 40, size: 'max' }), (turns) => {
      const of = new Confirms();
      const blockOf: number[] = [0];
      const refused = new Set<number>();
      let answered = 0;
      let durableBlock = 0;
      for (const [index, { published, durable }] of turns.entries()) {
        const block = index + 1;
        const awaited = published.some(({ survives }) => survives) ? block : (blockOf.at(-1) ?? 0);
        for (const { isRefused, survives } of published) {
          const tag = survives ? of.addDurable() : of.add();
          blockOf.push(awaited);
          if (isRefused) of.refuse(tag);
          if (isRefused) refused.add(tag);
        }
        of.seal(block);
        durableBlock = Math.min(block, durableBlock + durable);
        const upTo = of.takeDurable(durableBlock);
        for (const answer of upTo === 0 ? [] : answers(of, upTo)) {
          const tag = Number(answer.split(' ').at(-1));
          if (answer.startsWith('nack')) expect(refused.has(tag)).toBe(true);
          const first = answer.startsWith('acks') ? answered + 1 : tag;
          expect(first).toBe(answered + 1);
          for (let each = first; each <= tag; each++) {
            expect(refused.has(each)).toBe(answer.startsWith('nack'));
            expect(blockOf[each]).toBeLessThanOrEqual(durableBlock);
          }
          answered = tag;
        }
        expect(answered).toBe(blockOf.findLastIndex((each) => each <= durableBlock));
        expect(of.outstanding).toBe(blockOf.length - 1 - answered);
      }
    }),
  );
});
