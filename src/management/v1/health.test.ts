import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

test('everybody may ask for the health, and is told no more than yes', async () => {
  const api = await ApiUnderTest.start();
  for (const url of ['/v1/health', '/v1/health/ready', '/v1/health/live']) {
    const answer = await api.get(url, '');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ status: 'ok' });
  }
});

test('an alarm keeps nobody from connecting', async () => {
  const api = await ApiUnderTest.start();
  api.broker.setAlarm('memory', true);
  expect((await api.get('/v1/health', '')).status).toBe(200);
});

test('a broker that stops is alive and not ready', async () => {
  const api = await ApiUnderTest.start();
  api.broker.shutdown(() => {});
  for (const url of ['/v1/health', '/v1/health/ready']) {
    const answer = await api.get(url, '');
    expect(answer.status).toBe(503);
    expect(answer.json).toEqual({ status: 'unavailable' });
  }
  expect((await api.get('/v1/health/live', '')).status).toBe(200);
});
