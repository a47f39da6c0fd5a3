import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { deployText, ROOT, unknownVariables } from './deploy-files.ts';
import { dockerContext } from './docker-context.ts';
import { BROKER_IMAGE } from './docker-image.ts';

describe('deploy/Dockerfile', () => {
  const options = readOptions([], BROKER_IMAGE.environment);

  it('is free of what the linter knows', () => {
    expect(validate(deployText('Dockerfile'))).toEqual([]);
    expect(validate('FROM node:20\nENTRYPONT ["node"]\n')).not.toEqual([]);
  });

  it('starts the broker without a shell, as a user who is not root', () => {
    expect(BROKER_IMAGE.command).toEqual(['node', '/opt/leveret/dist/cli/main.js', 'serve']);
    expect(BROKER_IMAGE.user).toBeGreaterThan(0);
  });

  it('sets options that the broker has, and opens its ports', () => {
    expect(unknownVariables(Object.keys(BROKER_IMAGE.environment))).toEqual([]);
    const { amqpPort, amqpsPort, httpPort, httpsPort, clusterPort } = options;
    const ports = [amqpPort, amqpsPort, httpPort, httpsPort, clusterPort];
    expect(BROKER_IMAGE.says('EXPOSE')).toEqual([ports.join(' ')]);
  });

  it('keeps its data in the volume', () => {
    expect(BROKER_IMAGE.says('VOLUME')).toEqual([options.dataDir]);
  });

  it('asks for its health with nothing but Node.js, on the port that the broker listens on', () => {
    const [program, flag, script] = BROKER_IMAGE.healthCheck;
    expect([program, flag]).toEqual(['node', '-e']);
    expect(script).toContain(`LEVERET_HTTP_PORT || ${options.httpPort}`);
  });

  it('copies what .dockerignore lets through, and all of that', () => {
    const build = BROKER_IMAGE.stages[0];
    const copied = (build?.steps ?? [])
      .filter(({ keyword }) => keyword === 'COPY')
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(copied.sort()).toEqual([...dockerContext().roots].sort());
  });

  it('is given no test, no build and nothing of this machine', () => {
    const { lets } = dockerContext();
    expect(lets('src/daemon/options.ts')).toBe(true);
    for (const path of ['src/daemon/options.test.ts', 'dist/cli/main.js', 'node_modules/a', '.git/config']) {
      expect(lets(path), path).toBe(false);
    }
  });

  it('is on the Node.js that the package asks for', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(engines.node).toMatch(/^>=20\./);
    expect(deployText('Dockerfile').match(/^FROM (\S+)/gm)).toEqual([
      'FROM node:20-bookworm-slim',
      'FROM node:20-bookworm-slim',
    ]);
  });
});
