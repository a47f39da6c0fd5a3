import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { deployText, ROOT } from './deploy-files.ts';
import { dockerContext } from './docker-context.ts';
import { SERVICE_IMAGE } from './docker-image.ts';

describe('deploy/Dockerfile.service', () => {
  const [port = ''] = SERVICE_IMAGE.says('EXPOSE');

  it('is free of what the linter knows', () => {
    expect(validate(deployText('Dockerfile.service'))).toEqual([]);
  });

  it('starts services without a shell, as a user who is not root', () => {
    expect(SERVICE_IMAGE.entrypoint.slice(0, 4)).toEqual([
      'node',
      '--max-semi-space-size=64',
      '/opt/services/node_modules/leveret/dist/cli/main.js',
      'start',
    ]);
    expect(SERVICE_IMAGE.user).toBeGreaterThan(0);
  });

  it('uses options that the command has', async () => {
    const { stdout } = await runCli(['start', '--help']);
    const known: readonly string[] = stdout.match(/--[a-z][a-z-]*/g) ?? [];
    const words = SERVICE_IMAGE.command;
    const used = words.slice(words.indexOf('start')).filter((word) => word.startsWith('--'));
    expect(used).toContain('--entry');
    expect(used.filter((flag) => !known.includes(flag))).toEqual([]);
  });

  it('asks for its health with nothing but Node.js, where it listens', () => {
    expect(SERVICE_IMAGE.command).toContain(port);
    const [program, flag, script] = SERVICE_IMAGE.healthCheck;
    expect([program, flag]).toEqual(['node', '-e']);
    expect(script).toContain(`http://127.0.0.1:${port}/readyz`);
  });

  it('keeps databases in the volume', () => {
    const { command } = SERVICE_IMAGE;
    expect(SERVICE_IMAGE.says('VOLUME')).toEqual([command.at(command.indexOf('--data-dir') + 1)]);
  });

  it('copies what its .dockerignore lets through, and what a new project has', () => {
    const copied = (SERVICE_IMAGE.stages[0]?.steps ?? [])
      .filter(({ keyword }) => keyword === 'COPY')
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    const { roots } = dockerContext('deploy/Dockerfile.service.dockerignore');
    expect(copied.sort()).toEqual([...roots].sort());
    // npm makes it.
    const written = copied.filter((path) => path !== 'package-lock.json');
    expect(written.filter((path) => !existsSync(join(ROOT, 'templates', 'project', path)))).toEqual([]);
  });
});
