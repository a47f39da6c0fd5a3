import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest } from './dashboard-under-test.ts';

const QUEUE = 'orders';
const ACTIONS = ['Publish', 'Move', 'Pause', 'Purge', 'Delete'];
const NOTHING = '^$';

describeWith(CHROMIUM, 'the page of a queue', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
    const { api } = dashboard;
    await api.ask('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true });
    await api.ask('POST', `/v1/queues/%2F/${QUEUE}/messages`, { payload: 'for few eyes' });
    for (const [user, read] of [
      ['onlooker', NOTHING],
      ['reader', '.*'],
    ]) {
      await api.ask('PUT', `/api/users/${user}`, { password: user, tags: 'monitoring' });
      await api.ask('PUT', `/api/permissions/%2F/${user}`, { configure: NOTHING, write: NOTHING, read });
    }
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function open(user: string, tab: string): Promise<Page> {
    return (await dashboard.look({ address: `#/queues/%2F/${QUEUE}/${tab}`, user })).page;
  }

  async function offered(page: Page, names: readonly string[]): Promise<string[]> {
    const labels = await page.locator('main').getByRole('button').allInnerTexts();
    return names.filter((name) => labels.some((label) => label.trim() === name));
  }

  test.each([
    ['guest', ACTIONS],
    ['reader', ['Purge']],
    ['onlooker', []],
  ])('offers %s no more than is allowed: %j', async (user, actions) => {
    const page = await open(user, 'settings');
    await page.getByRole('link', { name: 'Messages 1', exact: true }).waitFor();
    expect(await offered(page, ACTIONS)).toEqual(actions);
  });

  test('shows messages to who may read, but no way to publish or replay them', async () => {
    const page = await open('reader', 'messages');
    await page.getByRole('button', { name: 'for few eyes' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('for few eyes').first().waitFor();
    await dialog.getByRole('button', { name: 'Drop', exact: true }).waitFor();
    expect(await dialog.getByRole('button', { name: /^(Edit a copy|Replay)/ }).count()).toBe(0);
  });

  test.each(['messages', 'dead-letters'])('hides %s from who may only look', async (tab) => {
    const page = await open('onlooker', tab);
    await page.getByText('You may not look into this queue').waitFor();
    expect(await page.getByText('for few eyes').count()).toBe(0);
  });

  test('offers bindings only to who may bind', async () => {
    for (const [user, actions] of [
      ['guest', ['Add a binding']],
      ['onlooker', []],
    ] as const) {
      const page = await open(user, 'bindings');
      await page.getByText('(default)').first().waitFor();
      expect(await offered(page, ['Add a binding'])).toEqual(actions);
    }
  });
});
