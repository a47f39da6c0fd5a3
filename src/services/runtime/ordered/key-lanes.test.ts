import { expect, test } from 'vitest';
import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import { KeyLanes } from './key-lanes.ts';

interface Begun {
  readonly name: string;
  readonly key: string;
  end(): void;
}

/** Lanes whose handlers end by hand. */
function lanesByHand(): { readonly lanes: KeyLanes; readonly begun: Begun[] } {
  const begun: Begun[] = [];
  const lanes = new KeyLanes(
    (delivery, key) =>
      new Promise((resolve) =>
        begun.push({ name: (delivery as unknown as { name: string }).name, key, end: resolve }),
      ),
  );
  return { lanes, begun };
}

function delivery(name: string, isLost = false): IncomingDelivery {
  return { name, isLost } as unknown as IncomingDelivery;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('messages of a key are handled one after the other, and other keys meanwhile', async () => {
  const { lanes, begun } = lanesByHand();
  lanes.push('a', delivery('a1'));
  lanes.push('a', delivery('a2'));
  lanes.push('b', delivery('b1'));
  expect(begun.map(({ name }) => name)).toEqual(['a1', 'b1']);
  begun[0]?.end();
  await turn();
  expect(begun.map(({ name, key }) => key + name)).toEqual(['aa1', 'bb1', 'aa2']);
});

test('a lane that is empty is forgotten, and begins anew', async () => {
  const { lanes, begun } = lanesByHand();
  lanes.push('a', delivery('a1'));
  expect(lanes.laneCount).toBe(1);
  begun[0]?.end();
  await turn();
  expect(lanes.laneCount).toBe(0);
  lanes.push('a', delivery('a2'));
  expect(begun.map(({ name }) => name)).toEqual(['a1', 'a2']);
});

test('what was lost is passed over, but what runs ends before the next of its key begins', async () => {
  const { lanes, begun } = lanesByHand();
  const lost = [delivery('a1'), delivery('a2'), delivery('a3')];
  for (const each of lost) lanes.push('a', each);
  for (const each of lost) Object.assign(each, { isLost: true });
  lanes.push('a', delivery('a1 again'));
  await turn();
  expect(begun.map(({ name }) => name)).toEqual(['a1']);
  begun[0]?.end();
  await turn();
  expect(begun.map(({ name }) => name)).toEqual(['a1', 'a1 again']);
});

test('nothing begins after the end', async () => {
  const { lanes, begun } = lanesByHand();
  lanes.push('a', delivery('a1'));
  lanes.push('a', delivery('a2'));
  lanes.end();
  lanes.push('a', delivery('a3'));
  lanes.push('b', delivery('b1'));
  begun[0]?.end();
  await turn();
  expect(begun.map(({ name }) => name)).toEqual(['a1']);
});
