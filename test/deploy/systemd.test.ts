import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { runCli } from '../cli/run-cli.ts';
import { describeWith, systemProgram } from '../interop/debian.ts';
import { deployText, unknownVariables } from './deploy-files.ts';

const unit = deployText('systemd/leveret.service');
const serviceUnit = deployText('systemd/leveret-service@.service');
const PROGRAM = '/opt/leveret/bin/leveret';
const SERVICE_PROGRAM = '/opt/services/node_modules/.bin/leveret';
const HARDENING = /^(?:Capability|Dynamic|Lock|NoNew|Private|Protect|RemoveIPC|Restrict[ANRS]|System|UMask)/;
/** Of 100. What is left to it: the network, Unix sockets for its lock, and memory that is compiled to while it runs. */
const EXPOSURE_MAX = 15;

describe('deploy/systemd/leveret.service', () => {
  const environment = Object.fromEntries(
    settings('Environment').flatMap((line) =>
      line.split(' ').map((pair) => pair.split('=') as [string, string]),
    ),
  );

  it('starts the broker with options that it has', () => {
    const [program, command, ...args] = settings('ExecStart')[0]?.split(' ') ?? [];
    expect([program, command]).toEqual([PROGRAM, 'serve']);
    expect(unknownVariables(Object.keys(environment))).toEqual([]);
    expect(readOptions(args, environment).dataDir).toBe(`%S/${settings('StateDirectory')[0]}`);
  });

  it('gives the broker more time to end than it takes', () => {
    expect(Number(settings('TimeoutStopSec')[0])).toBeGreaterThanOrEqual(10);
  });
});

describe('deploy/systemd/leveret-service@.service', () => {
  it('starts the service that it is named for, with options that the command has', async () => {
    const [program, command, name, ...args] = settings('ExecStart', serviceUnit)[0]?.split(' ') ?? [];
    expect([program, command, name]).toEqual([SERVICE_PROGRAM, 'start', '%i']);
    const { stdout } = await runCli(['start', '--help']);
    const known: readonly string[] = stdout.match(/--[a-z][a-z-]*/g) ?? [];
    const used = args.filter((word) => word.startsWith('--'));
    expect(used.filter((flag) => !known.includes(flag))).toEqual([]);
    expect(args[args.indexOf('--data-dir') + 1]).toBe(`%S/${settings('StateDirectory', serviceUnit)[0]}`);
  });

  it('gives handlers more time to end than they have', () => {
    expect(Number(settings('TimeoutStopSec', serviceUnit)[0])).toBeGreaterThan(30);
  });

  it('is as closed as the broker', () => {
    const closed = (text: string): string[] =>
      text.split('\n').filter((line) => /^(?:[A-Z]\w+)=/.test(line) && HARDENING.test(line));
    expect(closed(unit).length).toBeGreaterThan(20);
    expect(closed(serviceUnit)).toEqual(closed(unit));
  });
});

describeWith(systemProgram('systemd-analyze', 'systemd'), 'systemd', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-unit-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  describe.each([
    // Here nothing is installed where the units look for it.
    ['leveret.service', unit.replace(PROGRAM, process.execPath)],
    ['leveret-service@orders.service', serviceUnit.replace(SERVICE_PROGRAM, process.execPath)],
  ])('for %s', (name, text) => {
    const file = join(directory, name);
    writeFileSync(file, text.replace('WorkingDirectory=/opt/services', 'WorkingDirectory=/'));

    it('understands every line', () => {
      expect(analyze('verify', file)).toBe('');
      writeFileSync(join(directory, 'other.service'), `${text}\n[Service]\nNoSuch=1\n`);
      expect(analyze('verify', join(directory, 'other.service'))).toContain('NoSuch');
    });

    it('finds little that it could do to others', () => {
      expect(analyze('security', '--offline=yes', `--threshold=${EXPOSURE_MAX}`, file)).toContain('OK');
    });
  });

  function analyze(...args: readonly string[]): string {
    return execFileSync('/bin/sh', ['-c', 'exec systemd-analyze "$@" 2>&1', 'sh', ...args], {
      encoding: 'utf8',
    });
  }
});

function settings(key: string, text: string = unit): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}
