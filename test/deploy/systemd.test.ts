import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { describeWith, systemProgram } from '../interop/debian.ts';
import { deployText, unknownVariables } from './deploy-files.ts';

const unit = deployText('systemd/leveret.service');
const PROGRAM = '/opt/leveret/bin/leveret';
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

describeWith(systemProgram('systemd-analyze', 'systemd'), 'systemd', () => {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-unit-'));
  const file = join(directory, 'leveret.service');
  // Here the broker is not installed where the unit looks for it.
  writeFileSync(file, unit.replace(PROGRAM, process.execPath));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('understands every line', () => {
    expect(analyze('verify', file)).toBe('');
    writeFileSync(
      join(directory, 'other.service'),
      `${unit.replace(PROGRAM, process.execPath)}\n[Service]\nNoSuch=1\n`,
    );
    expect(analyze('verify', join(directory, 'other.service'))).toContain('NoSuch');
  });

  it('finds little that the broker could do to others', () => {
    expect(analyze('security', '--offline=yes', `--threshold=${EXPOSURE_MAX}`, file)).toContain('OK');
  });

  function analyze(...args: readonly string[]): string {
    return execFileSync('/bin/sh', ['-c', 'exec systemd-analyze "$@" 2>&1', 'sh', ...args], {
      encoding: 'utf8',
    });
  }
});

function settings(key: string): string[] {
  const lines = unit.split('\n').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}
