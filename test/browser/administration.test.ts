import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';
import { FINISHED_JOB } from './scene.ts';

describeWith(CHROMIUM, 'administration in the dashboard', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  /** What was just deleted may be asked for once more, until the list is there. */
  async function open(address: string): Promise<Page> {
    return (await dashboard.look({ address, allow: [404] })).page;
  }

  test('a user is added, gets permissions, and is deleted', async () => {
    const page = await open('#/users');
    const dialog = page.getByRole('dialog');
    await press(page, 'Add user');
    await dialog.getByLabel('Name', { exact: true }).fill('newcomer');
    await dialog.getByLabel('New password').fill('secret');
    await dialog.getByLabel('Repeat the password').fill('secret');
    await dialog.getByRole('checkbox', { name: 'monitoring' }).check();
    await press(dialog, 'Add');
    await page.getByRole('heading', { level: 1, name: 'newcomer' }).waitFor();
    expect((await dashboard.api.ask('GET', '/api/users/newcomer')).json.tags).toEqual(['monitoring']);

    await press(page, 'Set permissions');
    await dialog.getByLabel('Virtual host').selectOption('staging');
    await press(dialog, 'Only read');
    await press(dialog, 'Save');
    await page.getByText('Permissions of “newcomer” in “staging” were set.').waitFor();
    const { json } = await dashboard.api.ask('GET', '/api/permissions/staging/newcomer');
    expect(json).toMatchObject({ write: expect.stringMatching(/^(\^\$)?$/), read: '.*' });

    await press(page, 'Clear permissions: staging');
    await press(dialog, 'Clear permissions');
    await page.getByText('Permissions of “newcomer” in “staging” were cleared.').waitFor();
    await press(page, 'Delete user');
    await press(dialog, 'Delete');
    await page.getByText('User “newcomer” was deleted.').waitFor();
    expect((await dashboard.api.send('GET', '/api/users/newcomer')).status).toBe(404);
  });

  test('who would lock everybody out is warned', async () => {
    const page = await open('#/users/guest');
    await press(page, 'Delete user');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/This is you/).waitFor();
    await dialog.getByText(/There is no other administrator/).waitFor();
  });

  test('a policy is added, changed and deleted', async () => {
    const page = await open('#/policies');
    const dialog = page.getByRole('dialog');
    await press(page, 'Add policy');
    await dialog.getByLabel('Name', { exact: true }).fill('short');
    await dialog.getByLabel('Virtual host').selectOption('/');
    await dialog.getByLabel('Pattern').fill('^payments\\.');
    await dialog.getByLabel('Message TTL').fill('60000');
    await dialog.getByText(/^Matches .*1 queue.* right now$/).waitFor();
    await press(dialog, 'Add');
    await page.getByText('Policy “short” is in force.').waitFor();
    await press(page, 'Edit: short');
    await dialog.getByLabel('Message TTL').fill('30000');
    await press(dialog, 'Save');
    await dialog.waitFor({ state: 'detached' });
    const { json } = await dashboard.api.ask('GET', '/api/policies/%2F/short');
    expect(json).toMatchObject({ pattern: '^payments\\.', definition: { 'message-ttl': 30_000 } });
    await press(page, 'Delete: short');
    await press(dialog, 'Delete');
    await page.getByText('Policy “short” was deleted.').waitFor();
    expect((await dashboard.api.send('GET', '/api/policies/%2F/short')).status).toBe(404);
  });

  test('a vhost is added, and deleted when its name was typed', async () => {
    const page = await open('#/vhosts');
    const dialog = page.getByRole('dialog');
    await press(page, 'Add virtual host');
    await dialog.getByLabel('Name', { exact: true }).fill('a/new one');
    await press(dialog, 'Add');
    await page.getByRole('heading', { level: 1, name: 'a/new one' }).waitFor();
    expect((await dashboard.api.send('GET', '/api/vhosts/a%2Fnew%20one')).status).toBe(200);
    await press(page, 'Delete virtual host');
    await dialog.getByLabel('Type “a/new one” to confirm').fill('a/new one');
    await press(dialog, 'Delete virtual host');
    await page.getByText('Virtual host “a/new one” was deleted.').waitFor();
    expect((await dashboard.api.send('GET', '/api/vhosts/a%2Fnew%20one')).status).toBe(404);
  });

  test('definitions are exported, and imported after a look at what they would change', async () => {
    const page = await open('#/definitions');
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Download')]);
    expect(download.suggestedFilename()).toMatch(/\.json$/);
    const definitions = JSON.parse(await readFile(await download.path(), 'utf8'));
    expect(definitions.queues.length).toBeGreaterThan(5);
    definitions.queues.push({ ...definitions.queues[0], name: 'from the file' });
    await page.locator('input[type=file]').setInputFiles({
      name: 'more.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(definitions)),
    });
    await page.getByText('from the file').first().waitFor();
    await page.getByRole('button', { name: /^Import \d+ definitions$/ }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Import/ })
      .click();
    await page.getByText('more.json was imported.').waitFor();
    expect((await dashboard.api.send('GET', '/api/queues/%2F/from%20the%20file')).status).toBe(200);
  });

  test('a connection is closed, with the reason that was given', async () => {
    const page = await open('#/connections');
    await page
      .getByRole('row', { name: /mailer/ })
      .getByRole('link')
      .first()
      .click();
    await press(page, 'Close connection');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('maintenance');
    await press(dialog, 'Close connection');
    await page.getByText(/ is closed\.$/).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Connections' }).waitFor();
    await page.getByRole('row', { name: /mailer/ }).waitFor({ state: 'detached' });
  });

  test('what became of a message is found by its id', async () => {
    const page = await open('#/outcomes');
    await page.locator('main').getByLabel('Virtual host').selectOption('/');
    await page.getByLabel('Message id').fill(FINISHED_JOB);
    await press(page, 'Find');
    await page.getByText(`One outcome of “${FINISHED_JOB}”`).waitFor();
    await page.getByText('completed', { exact: true }).waitFor();
    await page.getByText('export-1.pdf').waitFor();
    await page.getByLabel('Message id').fill('export-3');
    await press(page, 'Find');
    await page.getByText('the printer is on fire').waitFor();
  });

  test('who changed what is in the audit log', async () => {
    await dashboard.api.ask('PUT', '/api/users/audited', { password: 'x', tags: '' });
    const page = await open('#/audit');
    await page
      .getByRole('row', { name: /guest.*PUT \/api\/users.*audited/ })
      .first()
      .waitFor();
  });
});
