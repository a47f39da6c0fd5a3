import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OptionError } from './option-error.ts';
import { OPTION_NAMES, OPTIONS } from './options.ts';
import { checkListeners, checkOptions, readOptions } from './read-options.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'leveret-options-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function configFile(content: string): string {
  const path = join(directory, 'leveret.json');
  writeFileSync(path, content);
  return path;
}

/** The line that a user sees. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return (error as OptionError).message;
  }
  throw new Error('nothing was refused');
}

function flagComplaint(...args: string[]): string {
  return complaint(() => readOptions(args, {}));
}

describe('precedence', () => {
  test('without anything, every option has its default', () => {
    const values = readOptions([], {});
    for (const name of OPTION_NAMES) expect(values[name]).toEqual(OPTIONS[name].default);
    expect(Object.isFrozen(values)).toBe(true);
  });

  test('a flag wins over the environment, that over the file, that over the default', () => {
    const path = configFile('{"amqp-port": 1, "http-port": 2, "heartbeat": 3}');
    const environment = { LEVERET_AMQP_PORT: '11', LEVERET_HTTP_PORT: '12' };
    const values = readOptions(['--config', path, '--amqp-port', '21'], environment);
    expect([values.amqpPort, values.httpPort, values.heartbeat, values.channelMax]).toEqual([
      21, 12, 3, 2047,
    ]);
  });

  test('the file can be named in the environment', () => {
    expect(readOptions([], { LEVERET_CONFIG: configFile('{"amqp-port": 7}') }).amqpPort).toBe(7);
  });

  test('an empty variable counts as unset, but for a list that may be empty', () => {
    const environment = { LEVERET_AMQP_PORT: '', LEVERET_DEFAULT_PASSWORD: '', LEVERET_CONFIG: '' };
    expect(readOptions([], environment)).toMatchObject({ amqpPort: 5672, defaultPassword: 'guest' });
    expect(readOptions([], { LEVERET_LOOPBACK_USERS: '' }).loopbackUsers).toEqual([]);
  });

  test('of the same flag given twice, the last counts', () => {
    expect(readOptions(['--amqp-port', '1', '--amqp-port=2'], {}).amqpPort).toBe(2);
  });

  test('a file has values of JSON: numbers, arrays, and sizes as texts', () => {
    const path = configFile(
      '{"host": ["127.0.0.1", "::1"], "max-message-size": "16MiB", "memory-high-watermark": 0.3}',
    );
    const values = readOptions(['--config', path], {});
    expect(values.host).toEqual(['127.0.0.1', '::1']);
    expect(values.maxMessageSize).toBe(16 * 2 ** 20);
    expect(values.memoryHighWatermark).toBe(0.3);
  });

  test('variables of others are ignored', () => {
    expect(readOptions([], { LEVERET_CI: '1', LEVERET_SERVICE_HOST: '10.0.0.1', HOST: 'x' }).amqpPort).toBe(
      5672,
    );
  });
});

describe('a command that needs some options only', () => {
  const read = (args: string[], environment = {}): string =>
    readOptions(args, environment, { names: ['dataDir'], otherFlags: ['--dir'], example: '--data-dir a' })
      .dataDir;

  test('finds them where all options are found', () => {
    expect(read(['--data-dir', 'a'])).toBe('a');
    expect(read([], { LEVERET_DATA_DIR: 'b' })).toBe('b');
    expect(read(['--config', configFile('{"data-dir": "c", "amqp-port": 1}')])).toBe('c');
  });

  test('refuses the flags of others, and does not look at their variables', () => {
    expect(complaint(() => read(['--amqp-port', '1']))).toBe('option --amqp-port is not known');
    expect(complaint(() => read(['--dirs']))).toBe('option --dirs is not known (did you mean --dir?)');
    expect(complaint(() => read(['a']))).toBe(
      "unexpected argument 'a': an option starts with --, as in --data-dir a",
    );
    expect(read([], { LEVERET_AMQP_PORT: 'tcp://10.0.0.1:5672' })).toBe('./leveret-data');
  });
});

describe('a bad option is refused with one line that says', () => {
  test('the option, the value and what is allowed', () => {
    expect(flagComplaint('--amqp-port', '70000')).toBe(
      "option --amqp-port: bad value '70000'; allowed: a port number from 0 to 65535, where 0 takes any free one, or none",
    );
  });

  test('which options were maybe meant', () => {
    expect(flagComplaint('--port', '5673')).toBe(
      'option --port is not known (did you mean --amqp-port or --http-port or --amqps-port?)',
    );
    expect(flagComplaint('--amqp-prot=5673')).toBe(
      'option --amqp-prot is not known (did you mean --amqp-port?)',
    );
    expect(flagComplaint('-p', '5673')).toBe('option -p is not known');
  });

  test('that the value is missing', () => {
    const missing = 'option --amqp-port: the value is missing; allowed: a port number';
    expect(flagComplaint('--amqp-port')).toContain(missing);
    expect(flagComplaint('--amqp-port', '--host', '::1')).toContain(missing);
    expect(flagComplaint('--config')).toBe('option --config: the value is missing; allowed: a path');
  });

  test('that an argument is no option', () => {
    expect(flagComplaint('5673')).toBe(
      "unexpected argument '5673': an option starts with --, as in --amqp-port 5673",
    );
  });

  test('that a storage does not exist yet', () => {
    expect(flagComplaint('--storage', 'disk')).toBe(
      "option --storage: bad value 'disk'; allowed: file, memory, jetstream",
    );
  });

  test('that a directory is to be written out where no shell does it', () => {
    const allowed = 'allowed: a path that does not begin with ~/, which only a shell replaces';
    expect(flagComplaint('--data-dir=~/data')).toBe(`option --data-dir: bad value '~/data'; ${allowed}`);
    const path = configFile('{"data-dir": "~/data"}');
    expect(flagComplaint('--config', path)).toBe(`key "data-dir" in ${path}: bad value '~/data'; ${allowed}`);
  });

  test('the environment variable', () => {
    expect(complaint(() => readOptions([], { LEVERET_AMQP_PORT: 'tcp://10.0.0.1:5672' }))).toMatch(
      /^environment variable LEVERET_AMQP_PORT: bad value 'tcp:\/\/10.0.0.1:5672'; allowed: a port number/,
    );
  });

  test('the key and the file', () => {
    const path = configFile('{"amqp-port": "5672"}');
    expect(complaint(() => readOptions(['--config', path], {}))).toContain(
      `key "amqp-port" in ${path}: bad value '5672'`,
    );
    configFile('{"amqp_port": 5672}');
    expect(complaint(() => readOptions(['--config', path], {}))).toBe(
      `key "amqp_port" in ${path} is not known (did you mean amqp-port?)`,
    );
  });

  test('that the file is none, or not JSON, or no object', () => {
    expect(flagComplaint('--config', join(directory, 'absent.json'))).toMatch(
      /^configuration file .*absent.json: does not exist$/,
    );
    expect(flagComplaint('--config', directory)).toMatch(/: is a directory$/);
    expect(flagComplaint('--config', configFile('{\n  "amqp-port": x\n}'))).toMatch(
      /^configuration file .*leveret.json: not JSON from line 2, column 16 on \('x'\)$/,
    );
    expect(flagComplaint('--config', configFile('{"amqp-port": 1'))).toMatch(
      /: not JSON from line 1, column 16 on \(end of the file\)$/,
    );
    expect(flagComplaint('--config', configFile('[]'))).toMatch(/not a JSON object/);
  });

  test('nothing of a password', () => {
    expect(flagComplaint('--default-password', '')).toBe(
      'option --default-password: bad value; allowed: a text that is not empty',
    );
  });
});

describe('the options of startBroker', () => {
  test('undefined means the default', () => {
    expect(checkOptions({ amqpPort: undefined, channelMax: 5 })).toMatchObject({
      amqpPort: 5672,
      channelMax: 5,
    });
  });

  test('keep messages in memory, unless a data directory is named or the file storage', () => {
    expect(checkOptions({}).storage).toBe('memory');
    expect(checkOptions({ dataDir: 'a' })).toMatchObject({ storage: 'file', dataDir: 'a' });
    expect(checkOptions({ storage: 'file' })).toMatchObject({ storage: 'file', dataDir: './leveret-data' });
    expect(checkOptions({ storage: 'memory', dataDir: 'a' }).storage).toBe('memory');
  });

  test('are checked as well', () => {
    expect(complaint(() => checkOptions({ amqpPort: '5672' }))).toMatch(
      /^option amqpPort: bad value '5672'; allowed/,
    );
    expect(complaint(() => checkOptions({ amqpport: 1 }))).toBe(
      'option amqpport is not known (did you mean amqpPort?)',
    );
    expect(complaint(() => checkOptions({ onFailur: () => {} }))).toBe(
      'option onFailur is not known (did you mean onFailure?)',
    );
  });

  test('that are to be called must be functions', () => {
    expect(() => checkListeners({})).not.toThrow();
    expect(() => checkListeners({ onEvent: undefined, onFailure: () => {} })).not.toThrow();
    expect(complaint(() => checkListeners({ onEvent: 'log' }))).toBe(
      "option onEvent: bad value 'log'; allowed: a function",
    );
    expect(complaint(() => checkListeners({ onFailure: null }))).toBe(
      'option onFailure: bad value null; allowed: a function',
    );
  });
});
