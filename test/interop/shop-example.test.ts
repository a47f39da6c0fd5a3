import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/amqp-client.ts';
import { startBroker } from '../../src/daemon/start-broker.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const ROOT = join(import.meta.dirname, '../..');
const AUDIT = join(ROOT, 'examples/shop/audit/audit.py');
const pika = pythonModule('pika', 'python3-pika');

/** What `audit.py` counted. */
interface Summary {
  readonly messages: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly takenCents: number;
}

describe('npm run example', () => {
  it('starts the whole shop, sells, and ends with Ctrl-C', async () => {
    const shop = new StartedProcess(process.execPath, ['--import', 'tsx', 'examples/shop/start.ts'], {
      cwd: ROOT,
      environment: { SHOP_ORDERS_PER_SECOND: '5' },
    });
    onTestFinished(() => shop.kill());
    await shop.line('customers   5 orders/s', { timeoutMs: 60_000 });
    const dashboard = await fetch(urlIn(await shop.line('dashboard ')));
    expect(await dashboard.text()).toContain('<title>');
    const url = urlIn(await shop.line('shop '));
    const order = {
      orderId: 'mine',
      customer: 'jo',
      card: 'card-good',
      lines: [{ sku: 'carrot', quantity: 2 }],
    };
    const placed = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
    expect(await placed.json()).toEqual({ status: 'accepted', totalCents: 498 });
    await expect
      .poll(async () => (await fetch(`${url}/orders/mine`)).json(), { timeout: 20_000 })
      .toMatchObject({ status: 'shipped', totalCents: 498 });
    await shop.line(/orders {6}\d+ open, [1-9]\d* shipped/);
    process.kill(shop.pid, 'SIGINT');
    expect(await shop.exited).toEqual({ code: 0, signal: null });
    expect(shop.lines.at(-1)).toBe('stopped');
    expect(shop.output).not.toMatch(/gave up|trouble|cannot|failed/);
    if (pika.present) checkAudit(shop.lines);
  });
});

function checkAudit(lines: readonly string[]): void {
  const line = lines.find((each) => each.startsWith('audit.py    counted '));
  const { statuses, takenCents } = JSON.parse(line?.slice('audit.py    counted '.length) ?? '') as Summary;
  expect(statuses['shipped']).toBeGreaterThan(0);
  expect(takenCents).toBeGreaterThanOrEqual(498);
}

function urlIn(line: string): string {
  return /http:\/\/\S+/.exec(line)?.[0] ?? '';
}

describeWith(pika, 'the books in Python', () => {
  it('have every event once, also when the process is killed while it writes', async () => {
    const broker = await startBroker({ amqpPort: 0 });
    onTestFinished(() => broker.close());
    const directory = await mkdtemp(join(tmpdir(), 'leveret-audit-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const tally = join(directory, 'tally.jsonl');
    const client = await connect(broker.url as string);
    onTestFinished(() => client.close());
    const publish = (from: number, count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          client.publish({
            exchange: 'payments.taken',
            routingKey: 'none',
            type: 'payments.taken',
            messageId: `m-${from + index}`,
            body: { orderId: `o-${from + index}`, amountCents: 10 },
          }),
        ),
      );

    const first = startAudit(broker.url as string, tally);
    await first.line('ready');
    await publish(0, 500);
    await expect.poll(() => lineCount(tally), { interval: 5 }).toBeGreaterThan(20);
    await first.kill();
    expect(await lineCount(tally)).toBeLessThan(500);
    await publish(500, 100);
    // as a crash in the middle of a write leaves it
    await appendFile(tally, '{"messageId": "cut');
    const second = startAudit(broker.url as string, tally);
    await expect.poll(() => lineCount(tally), { timeout: 20_000 }).toBe(600);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    const summary = JSON.parse(second.lines.at(-1) ?? '') as Summary;
    expect(summary).toMatchObject({ messages: 600, takenCents: 6000 });
    const lines = (await readFile(tally, 'utf8')).trimEnd().split('\n');
    const ids = lines.map((line) => (JSON.parse(line) as { readonly messageId: string }).messageId);
    expect(new Set(ids).size).toBe(600);
  });
});

function startAudit(url: string, tally: string): StartedProcess {
  const audit = new StartedProcess(PYTHON, [AUDIT, url, tally]);
  onTestFinished(() => audit.kill());
  return audit;
}

async function lineCount(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}
