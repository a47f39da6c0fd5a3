/**
 * The whole shop in one process: the broker with its dashboard, the five services, the HTTP entry, and customers. `npm run example`
 * starts it, and Ctrl-C stops it. Nothing is left behind: the databases are in a temporary directory.
 */
import './short-times.ts';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { type RunningBroker, startBroker } from 'leveret';
import { type App, run, type ServiceEvent } from 'leveret/services';
import { shopEntry } from './entry/shop-entry.ts';
import { startLoad } from './load.ts';
import { PythonAudit, pythonWithPika } from './python-audit.ts';
import { inventoryUnit, notificationsUnit, ordersUnit, paymentsUnit, shippingUnit } from './services.ts';

const units = [ordersUnit, paymentsUnit, inventoryUnit, shippingUnit, notificationsUnit];
const ORDERS_PER_SECOND = Number(process.env['SHOP_ORDERS_PER_SECOND'] ?? 20);
const REPORT_MS = 5_000;

const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());

const directory = await mkdtemp(join(tmpdir(), 'leveret-shop-'));
const broker = await startBroker({ amqpPort: 0, httpPort: portOf('SHOP_DASHBOARD_PORT') });
const app = await run(units, { broker, dataDir: directory, onEvent: logEvent });
const server = serve({ fetch: shopEntry(app).fetch, hostname: '127.0.0.1', port: portOf('SHOP_PORT') });
if (!server.listening) await once(server, 'listening');
const audit = await startAudit(broker);

say(`dashboard   ${broker.httpUrl}   (guest / guest)`);
say(`shop        ${urlOf(server)}   POST /orders, GET /orders/:id, GET /products`);
say(`broker      ${broker.url}`);
say(`customers   ${ORDERS_PER_SECOND} orders/s; stop with Ctrl-C`);
placeOrders(urlOf(server));
await report();

say('stopping: handlers finish, outboxes are emptied');
const closed = new Promise((resolve) => server.close(resolve));
await app.close();
await closed;
if (audit !== undefined) say(`audit.py    counted ${await audit.stop()}`);
await broker.close();
await rm(directory, { recursive: true, force: true });
say('stopped');

/** 0, any free one, unless the environment says otherwise. */
function portOf(variable: string): number {
  return Number(process.env[variable] ?? 0);
}

function urlOf(listening: ServerType): string {
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What an operator would want to know. */
function logEvent(event: ServiceEvent): void {
  if (event.type === 'dead-letter') {
    say(`${event.service}: gave up message ${event.messageId} in ${event.part}: ${event.error.message}`);
  } else if (event.type === 'trouble') {
    say(`${event.service}: ${event.text}: ${event.error.message}`);
  }
}

async function startAudit({ url }: RunningBroker): Promise<PythonAudit | undefined> {
  const python = pythonWithPika();
  if (python !== undefined) return PythonAudit.start(python, url as string, join(directory, 'tally.jsonl'));
  say('audit.py    is left out: it needs Python with the package pika');
  return undefined;
}

function placeOrders(url: string): void {
  const { signal } = stopping;
  const failed = (what: string): void => say(`customer: an order failed: ${what}`);
  startLoad({
    url,
    ordersPerSecond: ORDERS_PER_SECOND,
    signal,
    onAnswer: (status) => {
      if (status !== 202) failed(`HTTP ${status}`);
    },
    onError: (error) => failed(error.message),
  });
}

/** A line now and then, until the signal aborts. */
async function report(): Promise<void> {
  const { signal } = stopping;
  const timer = setInterval(() => {
    reportLine(app).then(say, (error: Error) => say(`no report: ${error.message}`));
  }, REPORT_MS);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(timer);
}

async function reportLine(from: App): Promise<string> {
  const database = from.database(ordersUnit);
  const rows = await database.all<{ status: string; count: number; cents: number }>`
    select status, count(*) as count, sum(total_cents) as cents from orders group by status`;
  const reasons = await database.all<{ reason: string; count: number }>`
    select reason, count(*) as count from orders where reason is not null group by reason order by reason`;
  const count = (status: string): number => rows.find((row) => row.status === status)?.count ?? 0;
  const cents = rows.find(({ status }) => status === 'shipped')?.cents ?? 0;
  const why = reasons.map((row) => `${row.count} ${row.reason}`).join(', ');
  const open = count('placed') + count('paid');
  return `orders      ${open} open, ${count('shipped')} shipped (${(cents / 100).toFixed(2)} EUR), ${count('cancelled')} cancelled${why && ` (${why})`}`;
}
