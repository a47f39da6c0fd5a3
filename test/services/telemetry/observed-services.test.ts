/** Metrics, traces and the claim check of services that run: what they carry from message to message. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { connect, type IncomingDelivery } from '../../../src/client/client.ts';
import { type RunningBroker, startBroker } from '../../../src/daemon/start-broker.ts';
import { type App, command, event, run, service } from '../../../src/services/services.ts';
import { parseMetrics } from '../../management/parse-metrics.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const takeNote = command('notes.take', z.object({ text: z.string() }), { reply: z.number() });
const noteTaken = event('notes.taken', z.object({ text: z.string() }));
const LONG = 'x'.repeat(2_000);

let broker: RunningBroker;
let app: App;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leveret-claims-'));
  broker = await startBroker({ amqpPort: false });
  const options = { claimCheck: { aboveBytes: 1_000, folder } };
  const notes = service('notes', options);
  const take = notes.on(takeNote, async ({ text }, context) => {
    await context.publish(noteTaken, { text });
    return text.length;
  });
  const archive = service('archive', options);
  const archived = archive.on(noteTaken, async ({ text }, context) => {
    await context.send(keepNote, { length: text.length });
  });
  const keep = service('shelf').on(keepNote, () => undefined);
  app = await run([notes.with(take), archive.with(archived), service('shelf').with(keep)], { broker });
});

afterEach(async () => {
  await app.close();
  await broker.close();
  rmSync(folder, { recursive: true });
});

const keepNote = command('notes.keep', z.object({ length: z.number() }));

/** The next message of a contract that anybody sends, seen from outside. */
async function tapped(contract: string, cause: () => Promise<unknown>): Promise<IncomingDelivery> {
  const client = await connect(broker);
  await client.declare({
    queues: [{ queue: contract }],
    bindings: [{ queue: contract, exchange: contract, routingKey: '#' }],
  });
  const seen = new Promise<IncomingDelivery>((resolve) => {
    void client.consume(contract, (delivery) => resolve(delivery));
  });
  await cause();
  const delivery = await seen;
  await client.close();
  return delivery;
}

/** As a program does that knows nothing of services. */
async function published(headers: Record<string, string>): Promise<void> {
  const client = await connect(broker);
  const body = { text: 'hello' };
  await client.publish({ exchange: 'notes.take', routingKey: 'none', type: 'notes.take', body, headers });
  await client.close();
}

it('carries the trace of a message through all that comes of it', async () => {
  const kept = await tapped('notes.keep', () => published({ traceparent: TRACEPARENT, tracestate: 'a=1' }));
  expect([kept.headers.get('traceparent'), kept.headers.get('tracestate')]).toEqual([TRACEPARENT, 'a=1']);
});

it('lets what is large travel as a file, and what is small in the queue', async () => {
  const large = await tapped('notes.taken', () => app.call(takeNote, { text: LONG }));
  expect(large.headers.get('x-claim-check')).toMatch(/^notes\/[0-9a-f]{64}\.[0-9a-f]{16}$/);
  expect(large.bytes.length).toBe(0);
  expect(readdirSync(join(folder, 'notes'))).toHaveLength(1);
});

it('handles what travelled as a file', async () => {
  const kept = await tapped('notes.keep', () => app.call(takeNote, { text: LONG }));
  expect(kept.json()).toEqual({ length: LONG.length });
  const small = await tapped('notes.taken', () => app.call(takeNote, { text: 'short' }));
  expect(small.headers.has('x-claim-check')).toBe(false);
});

it('counts what services do', async () => {
  await app.call(takeNote, { text: 'one' });
  const handled = async (): Promise<number | undefined> =>
    parseMetrics(await app.metrics()).value('leveret_service_attempts_total', {
      service: 'shelf',
      part: 'notes.keep',
      outcome: 'done',
    });
  await expect.poll(handled).toBe(1);
  const metrics = parseMetrics(await app.metrics());
  const value = (name: string, labels: Record<string, string>): number | undefined =>
    metrics.value(`leveret_service_${name}`, labels);
  expect(value('up', { service: 'notes' })).toBe(1);
  expect(value('sent_total', { service: 'notes', contract: 'notes.taken' })).toBe(1);
  expect(value('sent_total', { service: 'archive', contract: 'notes.keep' })).toBe(1);
  const labels = { service: 'notes', part: 'notes.take' };
  expect(value('attempt_duration_seconds_count', labels)).toBe(1);
  expect(value('in_flight', labels)).toBe(0);
});
