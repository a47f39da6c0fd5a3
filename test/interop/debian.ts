import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'vitest';
import { rabbitmqInstalled } from '../servers/rabbitmq.ts';

/** Debian's own interpreters. Another Python or Ruby that comes first in PATH would not have Debian's modules. */
export const PYTHON = '/usr/bin/python3';
export const RUBY = '/usr/bin/ruby';

/** A client that comes as a Debian package. */
export interface DebianClient {
  /** The package to install. */
  readonly debianPackage: string;
  readonly present: boolean;
}

/** A Python module that Debian packages. */
export function pythonModule(name: string, debianPackage: string): DebianClient {
  return { debianPackage, present: existsSync(PYTHON) && runs(PYTHON, ['-c', `import ${name}`]) };
}

/** A Ruby library that Debian packages. */
export function rubyLibrary(name: string, debianPackage: string): DebianClient {
  return { debianPackage, present: existsSync(RUBY) && runs(RUBY, ['-e', `require '${name}'`]) };
}

/** A program of a Debian package. */
export function debianProgram(path: string, debianPackage: string): DebianClient {
  return { debianPackage, present: existsSync(path) };
}

/** A program that most systems have, and Debian in a package. */
export function systemProgram(name: string, debianPackage = name): DebianClient {
  return { debianPackage, present: runs('/bin/sh', ['-c', `command -v ${name}`]) };
}

/** Makes certificates. */
export const OPENSSL: DebianClient = systemProgram('openssl');

/** The reference. */
export const RABBITMQ: DebianClient = { debianPackage: 'rabbitmq-server', present: rabbitmqInstalled() };

/**
 * Like vitest's `describe`, for a suite that needs a Debian package. Where the package is absent, the suite is reported
 * as skipped with the command that installs it; in CI (`LEVERET_CI=1`) that is a failure.
 */
export function describeWith(client: DebianClient, title: string, suite: () => void): void {
  if (client.present) {
    describe(title, suite);
  } else if (process.env['LEVERET_CI'] === '1') {
    test(`${title}: Debian's package ${client.debianPackage} is installed`, () => {
      throw new Error(`The package is absent. Install it: apt-get install ${client.debianPackage}`);
    });
  } else {
    test.skip(`${title}: needs a Debian package: apt-get install ${client.debianPackage}`);
  }
}

function runs(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
