import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../test/management/api-under-test.ts';

test('the page shows every operation of the OpenAPI document, and runs nothing', async () => {
  const api = await ApiUnderTest.start();
  const { status, headers, text } = await api.get('/docs', '');
  expect(status).toBe(200);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'self';/);
  expect(text).not.toMatch(/<script| style=| on[a-z]+=/);
  expect(text).not.toContain('Default Response');
  const { json } = await api.get('/v1/openapi.json', '');
  for (const [path, methods] of Object.entries<object>(json.paths)) {
    const shown = path.replaceAll(/\{[a-z_]+\}/g, '<var>$&</var>');
    expect(text).toContain(`<code>${shown}</code>`);
    for (const method of Object.keys(methods))
      expect(text).toContain(`id="${method}${path.replaceAll(/[^a-z]+/gi, '-')}"`);
  }
  expect((await api.get('/docs/style.css', '')).headers['content-type']).toMatch(/^text\/css/);
});

test.each(['/', '/api', '/api/'])('who opens %s as with RabbitMQ is led to the page', async (path) => {
  const api = await ApiUnderTest.start();
  const { status, headers } = await api.get(path, '');
  expect([status, headers['location']]).toEqual([302, '/docs']);
});

test('every kind of problem has its place on the page', async () => {
  const api = await ApiUnderTest.start();
  const { text } = await api.get('/docs', '');
  const { json } = await api.get('/v1/queues/%2F/nothing/messages');
  expect(text).toContain(`id="${json.type.slice('/docs#'.length)}"`);
});
