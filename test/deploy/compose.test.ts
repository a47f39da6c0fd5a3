import { join, resolve } from 'node:path';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { ROOT, unknownVariables, yamlDocuments } from './deploy-files.ts';
import { imageEnvironment } from './docker-image.ts';

interface ComposeFile {
  readonly services: {
    readonly broker: {
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly environment: Readonly<Record<string, string>>;
      readonly ports: readonly string[];
      readonly volumes: readonly string[];
      readonly read_only: boolean;
    };
  };
}

/** What the linter says of one file. Its own types are not found by TypeScript. */
interface Linted {
  readonly messages: readonly unknown[];
}

describe('deploy/compose.yaml', () => {
  const { broker } = (yamlDocuments('compose.yaml')[0] as ComposeFile).services;
  const options = readOptions([], { ...imageEnvironment(), ...broker.environment });

  it('fits the schema of compose files, and is free of what the linter knows', () => {
    // The order of keys is ours, and the image that is built is to have a name.
    const quotes: [2, Record<string, unknown>] = [2, { quoteType: 'double' }];
    const rules = {
      'service-keys-order': 0,
      'no-build-and-image': 0,
      'require-quotes-in-ports': quotes,
    } as const;
    const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
    const found: readonly Linted[] = linter.lintFiles([join(ROOT, 'deploy', 'compose.yaml')], false);
    expect(found.map(({ messages }) => messages)).toEqual([[]]);
  });

  it('builds the image from the root of the project', () => {
    expect(resolve(ROOT, 'deploy', broker.build.context)).toBe(resolve(ROOT));
    expect(broker.build.dockerfile).toBe('deploy/Dockerfile');
  });

  it('sets options that the broker has', () => {
    expect(unknownVariables(Object.keys(broker.environment))).toEqual([]);
  });

  it('opens the ports that the broker listens on, HTTP for this machine only', () => {
    const { amqpPort, httpPort } = options;
    expect(broker.ports).toEqual([`0.0.0.0:${amqpPort}:${amqpPort}`, `127.0.0.1:${httpPort}:${httpPort}`]);
  });

  it('keeps the data in a volume, and nothing else', () => {
    expect(broker.volumes).toEqual([`data:${options.dataDir}`]);
    expect(broker.read_only).toBe(true);
  });
});
