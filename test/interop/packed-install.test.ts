/** The installation of deploy/README.md for systemd: the packed package, in a folder of its own, started as the unit does. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { deployText, ROOT } from '../deploy/deploy-files.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { asFromShell } from './process-walls.ts';

const INSTALL_MS = 100_000;
const directory = mkdtempSync(join(tmpdir(), 'leveret-packed-'));
const prefix = join(directory, 'opt', 'leveret');
const stateDirectory = join(directory, 'lib');

afterAll(() => rmSync(directory, { recursive: true }));

test('the packed package, installed, starts as the unit starts it', async () => {
  mkdirSync(stateDirectory);
  // What is packed was built before the tests.
  await run('npm', 'pack', '--ignore-scripts', '--pack-destination', directory);
  const packed = readdirSync(directory).find((file) => file.endsWith('.tgz')) ?? '';
  expect(deployText('README.md')).toContain(`npm install --global --prefix /opt/leveret ./${packed}`);
  await run('npm', 'install', '--global', '--prefer-offline', '--prefix', prefix, join(directory, packed));

  await run('chmod', '-R', 'a-w', prefix);
  const [program = '', ...args] = setting('ExecStart').replace('/opt/leveret', prefix).split(' ');
  const variables = setting('Environment').replaceAll('%S', stateDirectory).split(' ');
  const environment = Object.fromEntries(variables.map((pair) => pair.split('=') as [string, string]));
  mkdirSync(join(stateDirectory, setting('StateDirectory')));
  const broker = new StartedProcess(program, [...args, '--amqp-port', '0', '--http-port', '0'], {
    environment,
  });
  await broker.line('HTTP listening');
  await broker.line(join(stateDirectory, 'leveret'));
  const exit = await broker.stop();
  expect([exit, broker.output]).toEqual([{ code: 0, signal: null }, broker.output]);
  await run('chmod', '-R', 'u+w', prefix);
});

function setting(key: string): string {
  const found = new RegExp(`^${key}=(.*)$`, 'm').exec(deployText('systemd/leveret.service'))?.[1];
  if (found === undefined) throw new Error(`the unit has no ${key}`);
  return found;
}

async function run(...words: readonly string[]): Promise<void> {
  const [program = '', ...args] = asFromShell(words);
  await new StartedProcess(program, args, { cwd: ROOT }).succeeded(INSTALL_MS);
}
