import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningBroker, startBroker } from '../../../src/daemon/start-broker.ts';
import type { StartedProcess } from '../../servers/child-process.ts';
import { MadeProject } from './made-project.ts';

const TIMEOUT_MS = 120_000;
const LINE_MS = 60_000;
const PORTS = ['--amqp-port', '0', '--http-port', '0'];
let project: MadeProject;

beforeEach(async () => {
  project = await MadeProject.make();
}, TIMEOUT_MS);
afterEach(() => project.remove(), TIMEOUT_MS);

async function brokerUrl(started: StartedProcess): Promise<string> {
  const line = await started.line('broker at amqp://', { timeoutMs: LINE_MS });
  return /amqp:\/\/[^,]+/.exec(line)?.[0] ?? '';
}

function placeOrders(url: string, count: number): Promise<string> {
  return project.program(['src/place-orders.ts', String(count)], { BROKER_URL: url }).succeeded(LINE_MS);
}

function edit(file: string, change: (text: string) => string): void {
  const path = join(project.folder, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function pidOf(line: string): number {
  return Number(/process (\d+) starts/.exec(line)?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('leveret dev', () => {
  test('runs the services, and starts them anew when a file changes', { timeout: TIMEOUT_MS }, async () => {
    const dev = project.leveret(['dev', ...PORTS]);
    const url = await brokerUrl(dev);
    await dev.line(/dashboard at http:\/\/127\.0\.0\.1:\d+ \(guest, guest\)/);
    await dev.line('mails, orders ready after', { timeoutMs: LINE_MS });
    expect(await placeOrders(url, 3)).toBe('3 of 3 orders accepted');

    edit('src/mails/mails.ts', (text) => text.replace('thank', 'thank ;;; ]'));
    await dev.line('src/mails/mails.ts changed: starting anew');
    await dev.line('PROJECT_FAILED: src/services.ts cannot be loaded', { timeoutMs: LINE_MS });
    await dev.line('waiting for a change', { timeoutMs: LINE_MS });

    const from = dev.lines.length;
    edit('src/mails/mails.ts', (text) => text.replace('thank ;;; ]', 'thank'));
    await dev.line('ready after', { from, timeoutMs: LINE_MS });
    expect(await placeOrders(url, 2)).toBe('2 of 2 orders accepted');
    expect(await dev.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('leveret up', () => {
  test('starts a process again that was killed, and ends all with itself', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const up = project.leveret(['up', ...PORTS]);
    const url = await brokerUrl(up);
    await up.line('mails x 1 to 4, orders x 1', { timeoutMs: LINE_MS });
    const first = pidOf(await up.line(/^orders\.1 .* starts/));
    await up.line(/^orders\.1 .*\| ready/, { timeoutMs: LINE_MS });
    const from = up.lines.length;
    process.kill(first, 'SIGKILL');
    await up.line(/^orders\.1 .*ended by SIGKILL; again in/, { from });
    const second = pidOf(await up.line(/^orders\.1 .* starts/, { from }));
    await up.line(/^orders\.1 .*\| ready/, { from, timeoutMs: LINE_MS });
    expect(await placeOrders(url, 5)).toBe('5 of 5 orders accepted');
    expect(await up.stop(LINE_MS)).toEqual({ code: 0, signal: null });
    expect([first, second].map(isRunning)).toEqual([false, false]);
    expect(up.output).toMatch(/^orders\.1 +\| ended with exit code 0$/m);
  });

  test('leaves no process behind when it is killed', { timeout: TIMEOUT_MS }, async () => {
    const up = project.leveret(['up', ...PORTS]);
    const pid = pidOf(await up.line(/^orders\.1 .* starts/, { timeoutMs: LINE_MS }));
    await up.line(/^orders\.1 .*\| ready/, { timeoutMs: LINE_MS });
    process.kill(up.pid, 'SIGKILL');
    await up.exited;
    await expect.poll(() => isRunning(pid), { timeout: LINE_MS }).toBe(false);
  });
});

describe('with a broker', () => {
  let broker: RunningBroker;
  beforeEach(async () => {
    broker = await startBroker({ amqpPort: 0 });
  });
  afterEach(() => broker.close());

  test('leveret start runs services, says how they are, and drains at SIGTERM', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const url = broker.url ?? '';
    const started = project.leveret(['start', '--all', '--http-port', '0'], { LEVERET_BROKER: url });
    const line = await started.line('health and metrics at', { timeoutMs: LINE_MS });
    await started.line('orders: started', { timeoutMs: LINE_MS });
    const address = /http:\/\/\S+/.exec(line)?.[0] ?? '';
    await expect.poll(async () => (await fetch(`${address}/readyz`)).status, { timeout: LINE_MS }).toBe(200);
    expect(await (await fetch(`${address}/metrics`)).text()).toContain('leveret_service_');
    expect(await placeOrders(url, 1)).toBe('1 of 1 orders accepted');
    expect(await started.stop()).toEqual({ code: 0, signal: null });
    expect(started.output).toContain('orders: stopped');
  });

  test('leveret start says why a broker does not let it in, and not with which password', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const url = (broker.url ?? '').replace('//', '//nobody:secret@');
    const started = project.leveret(['start', '--all', '--broker', url]);
    expect(await started.exited).toEqual({ code: 1, signal: null });
    expect(started.output).toMatch(/^leveret start: START_FAILED: mails, orders: .*403/);
    expect(started.output).not.toContain('secret');
  });

  test('leveret topology shows what is missing, makes it, and shows what differs', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const environment = { LEVERET_BROKER: broker.url ?? '' };
    const look = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
      const started = project.leveret(['topology', ...args], environment);
      const { code } = await started.exited;
      return { code, output: started.output };
    };
    const before = await look('orders');
    expect(before.code).toBe(0);
    expect(before.output).toMatch(/^missing +queue +orders\.in$/m);
    expect(before.output).toContain('3 missing: a service makes what it needs when it starts');
    expect((await look('--create')).output).toMatch(/^created +queue +mails\.in/m);
    const after = await look();
    expect(after.output).not.toMatch(/missing|different/);
    expect(after.output).toMatch(/^same +exchange +orders\.place$/m);

    const connection = await broker.connect();
    const channel = await connection.createChannel();
    await channel.queueDelete('orders.in');
    await channel.queueDeclare('orders.in', { durable: true, arguments: { 'x-max-length': 10 } });
    await channel.publish({ routingKey: 'orders.in', body: '{}' });
    const differs = await look('orders');
    expect(differs.code).toBe(1);
    expect(differs.output).toMatch(
      /^different +queue +orders\.in +1 +x-max-length: declared none, existing 10$/m,
    );
    expect(differs.output).toContain('leveret move orders.in orders.in.kept');
    expect(JSON.parse((await look('orders', '--json')).output)).toContainEqual({
      kind: 'queue',
      name: 'orders.in',
      state: 'different',
      messages_ready: 1,
      difference: { argument: 'x-max-length', declared: 'none', existing: '10' },
    });
    await connection.close();
  });
});
