import { describe, expect, test } from 'vitest';
import {
  environmentVariable,
  fileKey,
  flagOf,
  OPTION_GROUPS,
  OPTION_NAMES,
  OPTIONS,
  optionDefinition,
} from './options.ts';

describe('the table of options', () => {
  test('the flag, the environment variable and the file key come from the name', () => {
    expect(flagOf('amqpPort')).toBe('--amqp-port');
    expect(environmentVariable('amqpPort')).toBe('LEVERET_AMQP_PORT');
    expect(fileKey('memoryHighWatermark')).toBe('memory-high-watermark');
  });

  test.each(OPTION_NAMES)('the default of %s is a value that it allows', (name) => {
    expect(optionDefinition(name).kind.fromValue(OPTIONS[name].default)).toEqual(OPTIONS[name].default);
  });

  test.each(OPTION_NAMES)('%s has a group that is shown, and a doc that is a sentence', (name) => {
    expect(OPTION_GROUPS).toContain(optionDefinition(name).group);
    expect(optionDefinition(name).doc).toMatch(/^[A-Z].*\.$/);
  });
});
