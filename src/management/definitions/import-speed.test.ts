import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

const QUEUES = 10_000;

const names = Array.from({ length: QUEUES }, (_, index) => `queue ${index}`);
const definitions = {
  policies: [{ name: 'ttl', vhost: '/', pattern: '7$', definition: { 'message-ttl': 5000 } }],
  queues: names.map((name) => ({ name, vhost: '/', durable: true, arguments: { 'x-max-length': 1000 } })),
  bindings: names.map((name) => ({
    source: 'amq.topic',
    vhost: '/',
    destination: name,
    destination_type: 'queue',
    routing_key: `${name}.*`,
  })),
};

test('an import of 10 000 queues, and their export, let the broker run in between', {
  timeout: 60_000,
}, async () => {
  const api = await ApiUnderTest.start();
  const payload = JSON.stringify(definitions);
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const request = { url: '/api/definitions', headers: { authorization } };
  let rounds = 0;
  let isDone = false;
  const countRounds = (): void => {
    rounds++;
    if (!isDone) setImmediate(countRounds);
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  countRounds();
  const startMs = performance.now();
  const imported = await api.app.inject({ method: 'POST', ...request, payload });
  const importedMs = performance.now();
  const exported = await api.app.inject({ method: 'GET', ...request });
  isDone = true;
  delay.disable();
  if (process.env['LEVERET_SHOW_FIGURES'] === '1') {
    console.log(
      `import ${Math.round(importedMs - startMs)} ms, export ${Math.round(performance.now() - importedMs)} ms, longest stall ` +
        `${Math.round(delay.max / 1e6)} ms, of which none is longer in 99 % than ${Math.round(delay.percentile(99) / 1e6)} ms`,
    );
  }
  expect(imported.statusCode).toBe(204);
  expect(exported.json().queues).toHaveLength(QUEUES);
  expect(exported.json().bindings).toHaveLength(QUEUES);
  // About 20 slices of 4 ms; how long each takes depends on the machine.
  expect(rounds).toBeGreaterThan(20);
});
