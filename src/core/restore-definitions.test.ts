import { beforeEach, expect, test } from 'vitest';
import { ByteWriter } from '../codec/byte-writer.ts';
import { tableOf } from '../codec/field-table.ts';
import { PolicyError } from './access/policies.ts';
import { type Definition, encodeDefinition } from './definitions/definition.ts';
import { DefinitionSet } from './definitions/definition-set.ts';
import { notFound } from './failures.ts';
import { RestoreError, restoreDefinitions } from './restore-definitions.ts';

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
let problems: string[];

beforeEach(() => {
  set = new DefinitionSet();
  problems = [];
});

function record(definition: Definition): void {
  const writer = new ByteWriter();
  encodeDefinition(writer, definition, false);
  set.apply(writer.bytes, 0, writer.position);
}

function restore(each: (definition: Definition) => void): void {
  restoreDefinitions(set, each, (text) => problems.push(text));
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
  expect(problems).toEqual([
    "policy 'short' in vhost '/' is left out: policy 'short' in vhost '/': the definition is empty",
    "binding of exchange 'events' to queue 'orders' with routing key 'new' in vhost '/' is left out: " +
      "NOT_FOUND - no queue 'orders' in vhost '/'",
  ]);
});

test('a defect of the broker is not taken for a definition that cannot be', () => {
  record(VHOST);
  const defect = (): void => {
    throw new TypeError('undefined is not a function');
  };
  expect(() => restore(defect)).toThrow(TypeError);
});

test('a queue that cannot be restored stops the start: its messages would be lost', () => {
  record(QUEUE);
  const refuse = (): never => {
    throw notFound('the argument is unknown');
  };
  expect(() => restore(refuse)).toThrow(RestoreError);
  expect(() => restore(refuse)).toThrow("queue 'orders' in vhost '/'");
});

test('a definition that cannot be read stops the start', () => {
  set.apply(new Uint8Array([0, 0, 0, 9]), 0, 4);
  expect(() => restore(() => {})).toThrow('a field table of 13 bytes is cut short: 4 are left');
});
