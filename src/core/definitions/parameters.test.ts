import { beforeEach, describe, expect, test } from 'vitest';
import { definitionText } from './definition.ts';
import { Parameters } from './parameters.ts';

/** What was recorded, as `+` or `-` and the definition in words. */
let recorded: string[];
let parameters: Parameters;

beforeEach(() => {
  recorded = [];
  parameters = new Parameters({
    put: (definition) => recorded.push(`+ ${definitionText(definition)}`),
    remove: (definition) => recorded.push(`- ${definitionText(definition)}`),
  });
});

function shovel(name: string, vhost = '/', value = '{}') {
  return { vhost, component: 'shovel', name, value };
}

describe('a parameter of a vhost', () => {
  test('is found by vhost, component and name, and the last value counts', () => {
    parameters.set(shovel('a'));
    parameters.set(shovel('a', '/', '{"ack-mode":"no-ack"}'));
    parameters.set(shovel('a', 'other'));
    expect(parameters.get('/', 'shovel', 'a')?.value).toBe('{"ack-mode":"no-ack"}');
    expect(parameters.get('/', 'federation-upstream', 'a')).toBeUndefined();
    expect(parameters.all()).toHaveLength(2);
    expect(parameters.all('/')).toHaveLength(1);
    expect(parameters.all(undefined, 'shovel')).toHaveLength(2);
    expect(parameters.all('/', 'federation-upstream')).toEqual([]);
  });

  test('is recorded, and so is its end', () => {
    parameters.set(shovel('a'));
    expect(parameters.delete('/', 'shovel', 'a')).toBe(true);
    expect(parameters.delete('/', 'shovel', 'a')).toBe(false);
    expect(recorded).toEqual([
      "+ parameter 'a' of component 'shovel' in vhost '/'",
      "- parameter 'a' of component 'shovel' in vhost '/'",
    ]);
  });

  test('goes with its vhost', () => {
    parameters.set(shovel('a'));
    parameters.set(shovel('b', 'other'));
    parameters.vhostDeleted('/');
    expect(parameters.all()).toEqual([shovel('b', 'other')]);
    expect(recorded.at(-1)).toBe("- parameter 'a' of component 'shovel' in vhost '/'");
  });
});

test('a global parameter is kept until it is deleted', () => {
  parameters.setGlobal({ name: 'cluster_name', value: '"here"' });
  expect(parameters.global('cluster_name')?.value).toBe('"here"');
  expect(parameters.deleteGlobal('cluster_name')).toBe(true);
  expect(parameters.deleteGlobal('cluster_name')).toBe(false);
  expect(recorded).toEqual(["+ global-parameter 'cluster_name'", "- global-parameter 'cluster_name'"]);
});

test('all of them are recorded again when the store asks for it', () => {
  parameters.setGlobal({ name: 'cluster_name', value: '"here"' });
  parameters.set(shovel('a'));
  recorded = [];
  parameters.recordDefinitions();
  expect(recorded).toEqual([
    "+ parameter 'a' of component 'shovel' in vhost '/'",
    "+ global-parameter 'cluster_name'",
  ]);
});
