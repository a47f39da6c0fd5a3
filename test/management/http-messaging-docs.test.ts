import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { systemProgram } from '../interop/debian.ts';
import { ApiUnderTest } from './api-under-test.ts';

/** Stands for what is different each time. */
const ANYTHING = '...';

interface Example {
  readonly command: string;
  readonly answerType: string;
  readonly answer: string;
}

/** Each command of the page, and the block behind it: without one it answers nothing. */
function examples(): Example[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/http-messaging.md'), 'utf8');
  const blocks = page.matchAll(/```sh\n(.+?)```\n+(?:```(json|text)\n(.+?)```)?/gs);
  return [...blocks].map(([, command = '', answerType = 'nothing', answer = '']) => ({
    command,
    answerType,
    answer,
  }));
}

async function startApi(): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start();
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  return api;
}

/** As in a terminal, but for the port, and without a progress bar. */
async function run(command: string, port: number, lease: string): Promise<string> {
  const script = `curl() { command curl -sS --connect-to localhost:15672:127.0.0.1:${port} "$@"; }\n${command}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { ...process.env, LEASE: lease },
  })
    // A stream is left when its time is over.
    .catch((error: { code: number; stdout: string }) => {
      if (error.code === 28) return error;
      throw error;
    });
  return stdout;
}

/** `expected` with `found` wherever it stands for anything. */
function filled(expected: unknown, found: unknown): unknown {
  if (expected === ANYTHING && typeof found === 'string') return found;
  if (Array.isArray(expected))
    return expected.map((each, index) => filled(each, Array.isArray(found) ? found[index] : undefined));
  if (typeof expected !== 'object' || expected === null) return expected;
  return Object.fromEntries(
    Object.entries(expected).map(([name, value]) => [
      name,
      filled(value, (found as Record<string, unknown> | undefined)?.[name]),
    ]),
  );
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

test.skipIf(!systemProgram('curl').present)('the examples of the page answer what it says', async () => {
  const api = await startApi();
  const { port } = api.app.server.address() as AddressInfo;
  let lease = '';
  const all = examples();
  expect(all.length).toBeGreaterThan(10);
  for (const { command, answerType, answer } of all) {
    const output = await run(command, port, lease);
    if (answerType === 'nothing') expect(output, command).toBe('');
    else if (answerType === 'json') {
      const found: unknown = JSON.parse(output);
      expect(found, command).toEqual(filled(JSON.parse(answer), found));
    } else {
      const pattern = answer.trim().split(ANYTHING).map(literal).join('.+');
      expect(output).toMatch(new RegExp(`^${pattern}`, 's'));
    }
    lease = /"lease_id":"([^"]+)"/.exec(output)?.[1] ?? lease;
    // What a stream took is ready again for the next example.
    if (command.includes('/stream')) await api.running.clock.advance('1s');
  }
});

test('the commands of the README can be copied, one after the other', async () => {
  const api = await startApi();
  const { port } = api.app.server.address() as AddressInfo;
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, block = ''] = /\n## Over HTTP\n.*?```sh\n(.+?)```/s.exec(readme) ?? [];
  const lines = block.trim().split('\n');
  expect(lines.length).toBeGreaterThan(3);
  for (const [index, command] of lines.entries()) {
    if (command.startsWith('#')) continue;
    const output = await run(command, port, '');
    const [answer = ''] = /(?<=^# )\S+( \S+)*/.exec(lines[index + 1] ?? '') ?? [];
    const pattern = answer.split(ANYTHING).map(literal).join('.+');
    expect(output, command).toMatch(new RegExp(`^${pattern}$`));
  }
});
