import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';
import { CHROMIUM, DashboardUnderTest, type Look } from './dashboard-under-test.ts';
import { BUSY_QUEUE } from './scene.ts';

const QUEUE = 'quiet';

describeWith(CHROMIUM, 'live updates', () => {
  let dashboard: DashboardUnderTest;
  let messages = 0;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
    await dashboard.api.ask('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true });
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function publish(): Promise<void> {
    await dashboard.api.ask('POST', `/v1/queues/%2F/${QUEUE}/messages`, { payload: 'x' });
    messages++;
  }

  function rowWith({ page }: Look, count: number): Locator {
    return page
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name: QUEUE, exact: true }) })
      .filter({ has: page.getByRole('cell', { name: String(count), exact: true }) });
  }

  test('show what happens without a reload, and without asking', async () => {
    const look = await dashboard.look({ address: '#/queues' });
    await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    const asked = look.requests.length;
    for (let i = 0; i < 3; i++) {
      await publish();
      await rowWith(look, messages).waitFor();
    }
    expect(look.requests.slice(asked)).toEqual([]);
  });

  test.each(['#/', `#/queues/%2F/${BUSY_QUEUE}`, '#/topology', '#/connections'])(
    'on %s come in one stream',
    async (address) => {
      const look = await dashboard.look({ address });
      await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      // the page may ask for the rest of what it shows until the first update has come
      await nextUpdate(look);
      const asked = look.requests.length;
      for (let i = 0; i < 3; i++) await nextUpdate(look);
      expect(look.requests.slice(asked)).toEqual([]);
    },
  );

  test('begin again when the line was cut', async () => {
    const proxy = await TcpProxy.start({
      host: '127.0.0.1',
      port: Number(new URL(dashboard.server.httpUrl).port),
    });
    try {
      const look = await dashboard.look({ address: '#/queues', url: `http://127.0.0.1:${proxy.port}` });
      await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      proxy.cut();
      await look.page.getByText('Connection lost, trying again').waitFor();
      await publish();
      await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
      await rowWith(look, messages).waitFor();
    } finally {
      await dashboard.closeLooks();
      await proxy.close();
    }
  });
});

/** The text of the page becomes another: its traffic never stops. */
async function nextUpdate(look: Look): Promise<void> {
  const before = await look.page.locator('main').textContent();
  await look.until(`document.querySelector('main').textContent !== ${JSON.stringify(before)}`);
}
