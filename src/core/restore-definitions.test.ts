import { beforeEach, expect, test } from 'vitest';
import { ByteWriter } from '../codec/byte-writer.ts';
import { tableOf } from '../codec/field-table.ts';
import { PolicyError } from './access/policies.ts';
import { type Definition, encodeDefinition } from './definitions/definition.ts';
import { DefinitionSet } from './definitions/definition-set.ts';
import { notFound } from './failures.ts';
import { type LeftOutDefinition, RestoreError, restoreDefinitions } from './restore-definitions.ts';

const VHOST: Definition = {
  kind: 'vhost',
  name: '/',
  scheduleLaneId: 1,
  maxConnections: undefined,
  maxQueues: undefined,
};
const QUEUE: Definition = {
  kind: 'queue',
  vhost: '/',
  name: 'orders',
  autoDelete: false,
  laneId: 2,
  arguments: new Map(),
};
const EXCHANGE: Definition = {
  kind: 'exchange',
  vhost: '/',
  name: 'events',
  type: 'topic',
  autoDelete: false,
  internal: false,
  arguments: new Map(),
};
const BINDING: Definition = {
  kind: 'binding',
  vhost: '/',
  source: 'events',
  destinationKind: 'queue',
  destination: 'orders',
  routingKey: 'new',
  slot: undefined,
  arguments: new Map(),
};
const POLICY: Definition = {
  kind: 'policy',
  vhost: '/',
  name: 'short',
  pattern: '.*',
  applyTo: 'queues',
  priority: 0,
  definition: tableOf({ 'max-length': 5 }),
};

let set: DefinitionSet;
let leftOut: LeftOutDefinition[];

beforeEach(() => {
  set = new DefinitionSet();
  leftOut = [];
});

function record(definition: Definition): void {
  const writer = new ByteWriter();
  encodeDefinition(writer, definition, false);
  set.apply(writer.bytes, 0, writer.position);
}

function restore(restoreOne: (definition: Definition) => void): void {
  restoreDefinitions(set, restoreOne, (each) => leftOut.push(each));
}

test('each definition is restored behind what it needs, in whatever order they were recorded', () => {
  for (const definition of [BINDING, QUEUE, POLICY, VHOST]) record(definition);
  const restored: string[] = [];
  restore(({ kind }) => restored.push(kind));
  expect(restored).toEqual(['vhost', 'policy', 'queue', 'binding']);
});

test('what cannot be restored is named, and the rest is restored', () => {
  for (const definition of [VHOST, POLICY, BINDING]) record(definition);
  restore((definition) => {
    if (definition.kind === 'policy')
      throw new PolicyError({ ...definition, applyTo: 'all' }, 'the definition is empty');
    if (definition.kind === 'binding') throw notFound("no queue 'orders' in vhost '/'");
  });
  expect(leftOut.map(({ text }) => text)).toEqual([
    "policy 'short' in vhost '/' is left out: policy 'short' in vhost '/': the definition is empty",
    "binding of exchange 'events' to queue 'orders' with routing key 'new' in vhost '/' is left out: " +
      "NOT_FOUND - no queue 'orders' in vhost '/'",
  ]);
  expect(leftOut.map(({ definition, isDangling }) => [definition.kind, isDangling])).toEqual([
    ['policy', false],
    ['binding', true],
  ]);
});

test('a defect of the broker is not taken for a definition that cannot be', () => {
  record(VHOST);
  const defect = (): void => {
    throw new TypeError('undefined is not a function');
  };
  expect(() => restore(defect)).toThrow(TypeError);
});

test.each([
  ["queue 'orders'", QUEUE],
  ["exchange 'events'", EXCHANGE],
])('%s that cannot be restored stops the start: messages would be lost', (name, definition) => {
  record(definition);
  const refuse = (): never => {
    throw notFound('the argument is unknown');
  };
  expect(() => restore(refuse)).toThrow(RestoreError);
  expect(() => restore(refuse)).toThrow(`${name} in vhost '/'`);
  expect(() => restore(refuse)).toThrow('No message and no definition was changed');
});

test('a definition that cannot be read stops the start', () => {
  set.apply(new Uint8Array([0, 0, 0, 9]), 0, 4);
  expect(() => restore(() => {})).toThrow('a field table of 13 bytes is cut short: 4 are left');
});
