import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

describeWith(CHROMIUM, 'users and vhosts in the dashboard', () => {
  let dashboard: DashboardUnderTest;
  let user = '';
  let vhost = '';
  let count = 0;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
  });
  afterAll(() => dashboard?.close());
  beforeEach(async () => {
    user = `worker-${++count}`;
    vhost = `space-${count}`;
    const { api } = dashboard;
    await api.ask('PUT', `/api/users/${user}`, { password: user, tags: 'monitoring' });
    await api.ask('PUT', `/api/vhosts/${vhost}`, {});
  });
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function open(address: string): Promise<Page> {
    return (await dashboard.look({ address })).page;
  }

  async function mayLogIn(password: string): Promise<boolean> {
    const { httpUrl } = dashboard.server;
    const response = await fetch(`${httpUrl}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: httpUrl },
      body: JSON.stringify({ username: user, password }),
    });
    return response.ok;
  }

  test('a user gets other tags and keeps the password', async () => {
    const page = await open(`#/users/${user}`);
    await press(page, 'Edit');
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('checkbox', { name: 'monitoring' }).isChecked()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'monitoring' }).uncheck();
    await dialog.getByRole('checkbox', { name: 'policymaker' }).check();
    await dialog.getByLabel('Other tags').fill('night shift');
    await press(dialog, 'Save');
    await page.getByText(`User “${user}” was changed.`).waitFor();
    await page.getByText('night shift', { exact: true }).waitFor();
    const { json } = await dashboard.api.ask('GET', `/api/users/${user}`);
    expect(json.tags).toEqual(['policymaker', 'night shift']);
    expect(await mayLogIn(user)).toBe(true);
  });

  test('a user gets another password, typed twice, and keeps the tags', async () => {
    const page = await open(`#/users/${user}`);
    await press(page, 'Edit');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Password', { exact: true }).selectOption('Set a password');
    await dialog.getByLabel('New password').fill('another');
    await dialog.getByLabel('Repeat the password').fill('mistyped');
    await dialog.getByText('The two passwords are not the same.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel('Repeat the password').fill('another');
    await press(dialog, 'Save');
    await page.getByText(`User “${user}” was changed.`).waitFor();
    expect([await mayLogIn('another'), await mayLogIn(user)]).toEqual([true, false]);
    expect((await dashboard.api.ask('GET', `/api/users/${user}`)).json.tags).toEqual(['monitoring']);
  });

  test('topic permissions are set, changed and cleared', async () => {
    const page = await open(`#/users/${user}`);
    const dialog = page.getByRole('dialog');
    const path = `/api/topic-permissions/${vhost}/${user}`;
    await press(page, 'Set topic permission');
    await dialog.getByLabel('Virtual host').selectOption(vhost);
    await dialog.getByLabel('Exchange', { exact: true }).fill('amq.topic');
    await dialog.getByLabel('Write', { exact: true }).fill('^{username}\\.');
    await press(dialog, 'Save');
    await page.getByText('The topic permission for “amq.topic” was set.').waitFor();
    const row = { exchange: 'amq.topic', write: '^{username}\\.', read: '.*' };
    expect((await dashboard.api.ask('GET', path)).json).toMatchObject([row]);

    await press(page, 'Edit: amq.topic');
    await dialog.getByLabel('Read', { exact: true }).fill('^news\\.');
    await press(dialog, 'Save');
    await page.getByRole('cell', { name: '^news\\.', exact: true }).waitFor();
    expect((await dashboard.api.ask('GET', path)).json).toMatchObject([{ ...row, read: '^news\\.' }]);

    await press(page, `Clear topic permissions in “${vhost}”`);
    await dialog.getByText(/1 in number: amq\.topic/).waitFor();
    await press(dialog, 'Clear permissions');
    await page.getByText(`The topic permissions in “${vhost}” were cleared.`).waitFor();
    await page.getByText('No topic permissions: every routing key is allowed').waitFor();
    expect((await dashboard.api.send('GET', path)).json).not.toMatchObject([row]);
  });

  test('limits of a user are set and taken away', async () => {
    const page = await open(`#/users/${user}`);
    const dialog = page.getByRole('dialog');
    await press(page, 'Change limits');
    await dialog.getByLabel('Connections').fill('3');
    await dialog.getByLabel('Channels').fill('0');
    await press(dialog, 'Save');
    await page.getByText('The limits were changed.').waitFor();
    const path = `/api/user-limits/${user}`;
    const limits = { 'max-connections': 3, 'max-channels': 0 };
    expect((await dashboard.api.ask('GET', path)).json).toEqual([{ user, value: limits }]);

    await page.goto(`${dashboard.server.httpUrl}/#/users`);
    const row = page.getByRole('row', { name: user });
    await row.getByText('Connections ≤ 3').waitFor();
    await row.getByText('Channels ≤ 0').waitFor();
    await row.getByRole('link', { name: user }).click();
    await press(page, 'Change limits');
    expect(await dialog.getByLabel('Channels').inputValue()).toBe('0');
    await dialog.getByLabel('Connections').fill('');
    await press(dialog, 'Save');
    await dialog.waitFor({ state: 'detached' });
    expect((await dashboard.api.ask('GET', path)).json).toEqual([{ user, value: { 'max-channels': 0 } }]);
  });

  test('limits of a vhost are set and taken away', async () => {
    const page = await open(`#/vhosts/${vhost}`);
    const dialog = page.getByRole('dialog');
    await press(page, 'Change limits');
    await dialog.getByLabel('Queues').fill('2000');
    await press(dialog, 'Save');
    await page.getByText('The limits were changed.').waitFor();
    await page.getByText('2,000', { exact: true }).waitFor();
    const path = `/api/vhost-limits/${vhost}`;
    expect((await dashboard.api.ask('GET', path)).json).toEqual([{ vhost, value: { 'max-queues': 2000 } }]);

    await press(page, 'Change limits');
    await dialog.getByLabel('Queues').fill('');
    await press(dialog, 'Save');
    await page.getByText('2,000', { exact: true }).waitFor({ state: 'detached' });
    const { json } = await dashboard.api.ask('GET', path);
    expect(JSON.stringify(json)).not.toContain('max-queues');
  });

  test('a vhost is described, and keeps what is in it', async () => {
    await dashboard.api.ask('PUT', `/api/queues/${vhost}/kept`, { durable: true });
    const page = await open(`#/vhosts/${vhost}`);
    const dialog = page.getByRole('dialog');
    await press(page, 'Edit');
    await dialog.getByLabel('Description').fill('Orders of the <north>');
    await dialog.getByLabel('Tags').fill('live, eu');
    await dialog.getByLabel('Default queue type').selectOption('quorum');
    await press(dialog, 'Save');
    await page.getByText(`Virtual host “${vhost}” was changed.`).waitFor();
    await page.getByText('Orders of the <north>', { exact: true }).waitFor();
    const { json } = await dashboard.api.ask('GET', `/api/vhosts/${vhost}`);
    expect(json).toMatchObject({
      description: 'Orders of the <north>',
      tags: ['live', 'eu'],
      default_queue_type: 'quorum',
    });
    expect((await dashboard.api.send('GET', `/api/queues/${vhost}/kept`)).status).toBe(200);
  });
});
