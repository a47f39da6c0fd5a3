import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { ApiUnderTest } from '../../test/management/api-under-test.ts';
import { cliRoutes } from './cli-page.ts';

/** What /cli/rabbitmqadmin answers when these files are where it looks. */
async function download(...texts: readonly string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-cli-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const files = await Promise.all(
    texts.map(async (text, index) => {
      const file = join(directory, `${index}`);
      await writeFile(file, text);
      return file;
    }),
  );
  const app = fastify();
  onTestFinished(() => app.close());
  cliRoutes(app, [join(directory, 'absent'), ...files]);
  return app.inject('/cli/rabbitmqadmin');
}

test('the page says how to get the tools, to everybody', async () => {
  const api = await ApiUnderTest.start();
  for (const url of ['/cli', '/cli/']) {
    const answer = await api.get(url, '');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(answer.text).toContain('leveret queues');
    expect(answer.text).toContain('href="/cli/rabbitmqadmin"');
  }
  expect([200, 404]).toContain((await api.get('/cli/rabbitmqadmin', '')).status);
});

test('rabbitmqadmin is served where it is installed', async () => {
  const script = '#!/usr/bin/env python3\nprint("hello")\n';
  const answer = await download('\u007fELF', script);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-disposition']).toBe('attachment; filename="rabbitmqadmin"');
  expect(answer.body).toBe(script);
});

test.each([[[]], [['\u007fELF']], [[`#!/usr/bin/python3\n${'#'.repeat(2 ** 20)}`]]])(
  'where it is not, the answer says where it comes from',
  async (texts) => {
    const answer = await download(...texts);
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain('package rabbitmq-server');
  },
);
