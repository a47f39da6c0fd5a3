import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

const PAYLOADS = ['{"order":{"id":1}}', '{"order":{"id":2}}', 'plain text'];

const ERROR = 'TimeoutError: too late';

describeWith(CHROMIUM, 'messages in the dashboard', () => {
  let dashboard: DashboardUnderTest;
  let queue = '';
  let dead = '';
  let count = 0;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
  });
  afterAll(() => dashboard?.close());
  beforeEach(async () => {
    queue = `work-${++count}`;
    dead = `${queue}-dead`;
    const { api } = dashboard;
    await api.ask('PUT', `/api/queues/%2F/${dead}`, { durable: true });
    const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    await api.ask('PUT', `/api/queues/%2F/${queue}`, { durable: true, arguments: toDead });
    for (const [at, payload] of PAYLOADS.entries())
      await api.ask('POST', `/v1/queues/%2F/${queue}/messages`, {
        payload,
        headers: { region: at === 0 ? 'eu' : 'us', 'x-error': ERROR },
        properties: { message_id: `m-${at}` },
      });
  });
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function payloadsIn(name: string): Promise<string[]> {
    const { json } = await dashboard.api.ask('GET', `/v1/queues/%2F/${name}/messages`);
    return json.messages.map(({ payload }: { payload: string }) => payload);
  }

  async function open(name: string, tab: string): Promise<Page> {
    return (await dashboard.look({ address: `#/queues/%2F/${name}/${tab}` })).page;
  }

  /** Takes every message of the queue, and rejects it. */
  async function rejectAll(): Promise<void> {
    const { json } = await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/receive`, { max: 10 });
    const settlements = json.messages.map(({ lease_id }: { lease_id: string }) => ({
      lease_id,
      action: 'reject',
    }));
    await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/settle`, { settlements });
  }

  test('are looked at without changing anything', async () => {
    const page = await open(queue, 'messages');
    await page.getByRole('button', { name: PAYLOADS[0] ?? '' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('m-0').first().waitFor();
    await dialog.getByText('region').first().waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await payloadsIn(queue)).toEqual(PAYLOADS);
  });

  test('are found by their text, a header, and a path in their JSON', async () => {
    const page = await open(queue, 'messages');
    const search = page.getByRole('search');
    const rows = page.getByRole('table', { name: 'Messages' }).locator('tbody tr');
    const find = async (kind: string, name: string, value: string): Promise<void> => {
      await search.getByLabel('Search in').selectOption(kind);
      if (kind === 'header') await search.getByLabel('Name of the header').fill(name);
      if (kind === 'json') await search.getByLabel('Path, like customer.id or items.0.sku').fill(name);
      await search.getByLabel(kind === 'search' ? 'Text to look for' : 'Value').fill(value);
      await press(search, 'Search');
      await page.getByText('1 shown, 3 looked at').waitFor();
      expect(await rows.count()).toBe(1);
      await search.getByRole('button', { name: /^Remove the condition/ }).click();
      await page.getByText('3 shown, 3 looked at').waitFor();
    };
    await find('search', '', 'plain');
    await find('header', 'region', 'eu');
    await find('json', 'order.id', '2');
  });

  test('are dropped one by one, after a question', async () => {
    const page = await open(queue, 'messages');
    await page.getByRole('checkbox').nth(1).check();
    await press(page.getByRole('toolbar', { name: 'Select' }), 'Drop');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Drop this message?').waitFor();
    await press(dialog, 'Drop');
    await page.getByText('Dropped: 1').waitFor();
    expect(await payloadsIn(queue)).toHaveLength(PAYLOADS.length - 1);
  });

  test('are published again as an edited copy', async () => {
    const page = await open(queue, 'messages');
    await page.getByRole('button', { name: 'plain text' }).click();
    await press(page.getByRole('dialog'), 'Edit a copy');
    const dialog = page.getByRole('dialog', { name: 'Publish an edited copy' });
    expect(await dialog.getByLabel('Payload', { exact: true }).inputValue()).toBe('plain text');
    await dialog.getByLabel('Payload', { exact: true }).fill('mended');
    await press(dialog, 'Publish');
    await dialog.getByText('Confirmed: it is in the queue').waitFor();
    const { json } = await dashboard.api.ask('GET', `/v1/queues/%2F/${queue}/messages`);
    expect(json.messages[3]).toMatchObject({ payload: 'mended', headers: { region: 'us' } });
  });

  test('that are dead are grouped by what went wrong, and replayed to where they died', async () => {
    await rejectAll();
    const page = await open(dead, 'dead-letters');
    await page.getByText(ERROR).first().waitFor();
    await page.getByText('3 messages', { exact: true }).first().waitFor();
    await press(page, 'Replay all');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Messages per second').fill('1000');
    await press(dialog, 'Start');
    await page.getByText('The replay has started').waitFor();
    await page.getByText('done', { exact: true }).first().waitFor();
    expect((await payloadsIn(queue)).sort()).toEqual([...PAYLOADS].sort());
  });

  test('that are dead are dropped group by group', async () => {
    await rejectAll();
    const page = await open(dead, 'dead-letters');
    await press(page, 'Drop');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Drop these 3 dead letters?').waitFor();
    await press(dialog, 'Drop');
    await page.getByText('Dropped: 3').waitFor();
    expect(await payloadsIn(dead)).toEqual([]);
  });

  test('that are dead are found through the list of their queues', async () => {
    await rejectAll();
    const { page } = await dashboard.look({ address: '#/dead-letters' });
    await page.getByRole('link', { name: dead, exact: true }).click();
    await page.getByText(ERROR).first().waitFor();
  });

  test('that wait for their time are cancelled', async () => {
    await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/messages`, {
      payload: 'x',
      delay_ms: 3_600_000,
    });
    const { page } = await dashboard.look({ address: '#/scheduled' });
    await page
      .getByRole('button', { name: /^Cancel the scheduled message/ })
      .first()
      .click();
    await press(page.getByRole('dialog'), 'Remove it');
    await page.getByText(/^The message \S+ is cancelled\.$/).waitFor();
    const { json } = await dashboard.api.ask('GET', '/v1/scheduled/%2F');
    expect(json.items).toEqual([]);
  });
});
