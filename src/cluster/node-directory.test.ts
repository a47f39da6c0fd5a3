import { expect, test } from 'vitest';
import { SimulatedNodeRecords } from '../../test/cluster-simulation/simulated-node-records.ts';
import { SimulatedTime } from '../../test/cluster-simulation/simulated-time.ts';
import { NodeDirectory, type NodeFacts } from './node-directory.ts';

const INTERVAL_MS = 2_000;

class Scene {
  readonly time: SimulatedTime = new SimulatedTime();
  readonly records: SimulatedNodeRecords = new SimulatedNodeRecords();
  readonly events: string[] = [];

  node(name: string, facts?: Partial<NodeFacts>, life?: string): NodeDirectory {
    const directory = this.unstarted(name, facts, life);
    directory.start();
    return directory;
  }

  unstarted(name: string, facts: Partial<NodeFacts> = {}, life = `life of ${name}`): NodeDirectory {
    const { time, records, events } = this;
    const timer = {
      after: (ms: number, run: () => void): (() => void) => {
        let isOn = true;
        time.after(ms, () => isOn && run());
        return () => {
          isOn = false;
        };
      },
    };
    return new NodeDirectory({
      ...{ records, node: name, life, clock: { nowMs: () => time.nowMs }, timer, intervalMs: INTERVAL_MS },
      facts: () => ({
        role: 'standby',
        version: '1.2.3',
        standbyMode: 'pass',
        httpAddress: `${name}:15672`,
        amqpAddress: `${name}:5672`,
        ...facts,
      }),
      onEvent: ({ level, text }) => events.push(`${level} ${text}`),
    });
  }

  pass(intervals: number): Promise<void> {
    return this.time.runUntil(this.time.nowMs + intervals * INTERVAL_MS, () => {});
  }
}

function names(directory: NodeDirectory): string[] {
  return directory.alive().map(({ name }) => name);
}

test('nodes know each other, with what they say of themselves', async () => {
  const scene = new Scene();
  const b = scene.node('b', { role: 'owner', standbyMode: 'refuse' });
  const a = scene.node('a');
  await scene.pass(1.5);
  expect(names(b)).toEqual(['a', 'b']);
  expect(a.alive()[1]).toEqual({
    name: 'b',
    role: 'owner',
    version: '1.2.3',
    standbyMode: 'refuse',
    httpAddress: 'b:15672',
    amqpAddress: 'b:5672',
  });
});

test('a node that stops is gone at once', async () => {
  const scene = new Scene();
  const [a, b] = [scene.node('a'), scene.node('b')];
  await scene.pass(1.5);
  await b.stop();
  expect(names(a)).toEqual(['a']);
  await scene.pass(5);
  expect(names(a)).toEqual(['a']);
});

test('a node that could not start does not take its namesake away', async () => {
  const scene = new Scene();
  const [a] = [scene.node('a'), scene.node('b')];
  await scene.pass(1.5);
  await scene.unstarted('b').stop();
  expect(names(a)).toEqual(['a', 'b']);
});

test('a node that says nothing for three intervals is gone, and there again when it does', async () => {
  const scene = new Scene();
  const [a, b] = [scene.node('a'), scene.node('b')];
  await scene.pass(1.5);
  scene.records.isCut = true;
  await scene.pass(2);
  expect(names(a)).toEqual(['a', 'b']);
  await scene.pass(2);
  expect(names(a)).toEqual(['a']);
  expect(names(b)).toEqual(['b']);
  scene.records.isCut = false;
  await scene.pass(1.5);
  expect(names(a)).toEqual(['a', 'b']);
});

test('what a node left behind that died long ago does not bring it back', async () => {
  const scene = new Scene();
  await scene.records.putNode('dead', JSON.stringify({ life: 'x', role: 'owner', version: '1.0.0' }));
  const a = scene.node('a');
  expect(names(a)).toEqual(['a']);
  await scene.pass(10);
  expect(names(a)).toEqual(['a']);
});

test('what has changed is told at once', async () => {
  const scene = new Scene();
  const facts = { role: 'standby' as NodeFacts['role'] };
  const a = scene.node('a');
  const records: string[] = [];
  scene.records.watchNodes(({ name, text = '' }) => records.push(`${name} ${JSON.parse(text).role}`));
  const b = scene.node('b', facts);
  b.changed();
  await scene.pass(0);
  expect(records.filter((each) => each.startsWith('b'))).toHaveLength(2);
  expect(names(a)).toEqual(['a', 'b']);
});

test('texts that no node wrote are left out, and what a newer one adds does not matter', async () => {
  const scene = new Scene();
  const a = scene.node('a');
  for (const text of ['', '[]', 'null', '{"role"', JSON.stringify({ role: 'king', version: 7, more: {} })]) {
    await scene.records.putNode('odd', text);
  }
  await scene.records.putNode('odd', JSON.stringify({ role: 'king', version: 7, more: {} }));
  const odd = {
    name: 'odd',
    role: 'starting',
    version: '',
    standbyMode: 'pass',
    httpAddress: '',
    amqpAddress: '',
  };
  expect(a.alive()[1]).toEqual(odd);
});

test('two processes with one name are told about, once', async () => {
  const scene = new Scene();
  scene.node('a', {}, 'first life');
  await scene.pass(1.5);
  scene.node('a', {}, 'second life');
  await scene.pass(5);
  const text = "error cluster: another process of the cluster has the name of this node, 'a', too: ";
  expect(scene.events).toEqual([
    `${text}give each a --node-name of its own`,
    `${text}give each a --node-name of its own`,
  ]);
});

test('a restart is no second process', async () => {
  const scene = new Scene();
  await scene.records.putNode('a', JSON.stringify({ life: 'former life' }));
  scene.node('a');
  await scene.pass(5);
  expect(scene.events).toEqual([]);
});
