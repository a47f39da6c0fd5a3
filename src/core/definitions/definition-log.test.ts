import { beforeEach, expect, test } from 'vitest';
import { type Definition, decodeDefinition } from './definition.ts';
import { DefinitionLog, type DefinitionStore } from './definition-log.ts';

/** What was recorded, as `+` or `-` and the name of the vhost. */
let recorded: string[];
let turnsRequested: number;

beforeEach(() => {
  recorded = [];
  turnsRequested = 0;
});

function logIn(survives: boolean): DefinitionLog {
  const store: DefinitionStore = {
    survives,
    define: (bytes, start, end) => {
      const { definition, removed } = decodeDefinition(bytes, start, end);
      recorded.push(`${removed ? '-' : '+'} ${nameOf(definition)}`);
    },
  };
  return new DefinitionLog(store, () => turnsRequested++);
}

function vhost(name: string): Definition {
  return { kind: 'vhost', name, scheduleLaneId: 1, maxConnections: undefined, maxQueues: undefined };
}

function nameOf(definition: Definition): string {
  return definition.kind === 'vhost' ? definition.name : definition.kind;
}

test('changes are recorded in their order, each by itself', () => {
  const log = logIn(true);
  log.put(vhost('a vhost with a long name'));
  log.put(vhost('b'));
  log.remove(vhost('b'));
  expect(recorded).toEqual(['+ a vhost with a long name', '+ b', '- b']);
});

test('each asks for a turn, which commits it', () => {
  logIn(true).put(vhost('a'));
  expect(turnsRequested).toBe(1);
});

test('nothing is recorded in a store that nothing survives in', () => {
  logIn(false).put(vhost('a'));
  logIn(false).remove(vhost('a'));
  expect(recorded).toEqual([]);
  expect(turnsRequested).toBe(0);
});

test('what is restored is not recorded again, also when restoring fails', () => {
  const log = logIn(true);
  log.whileRestoring(() => log.put(vhost('a')));
  const fail = (): void => {
    throw new Error('no such vhost');
  };
  expect(() => log.whileRestoring(fail)).toThrow('no such vhost');
  log.put(vhost('b'));
  expect(recorded).toEqual(['+ b']);
});
