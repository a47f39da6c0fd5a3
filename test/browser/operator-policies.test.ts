import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

const PATH = '/api/operator-policies/%2F/cap';
const POLICYMAKER = 'maker';

describeWith(CHROMIUM, 'operator policies in the dashboard', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
    const { api } = dashboard;
    await api.ask('PUT', '/api/queues/%2F/orders', { durable: true });
    await api.ask('PUT', `/api/users/${POLICYMAKER}`, { password: POLICYMAKER, tags: 'policymaker' });
    const all = { configure: '.*', write: '.*', read: '.*' };
    await api.ask('PUT', `/api/permissions/%2F/${POLICYMAKER}`, all);
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  test('one is added, changed and deleted, apart from the other policies', async () => {
    const { page } = await dashboard.look({ address: '#/policies/operator' });
    const dialog = page.getByRole('dialog');
    await press(page, 'Add operator policy');
    expect(await dialog.getByLabel('Dead letter exchange').count()).toBe(0);
    await dialog.getByLabel('Name', { exact: true }).fill('cap');
    await dialog.getByLabel('Pattern').fill('^orders');
    await dialog.getByLabel('Applies to').selectOption('All queues');
    await dialog.getByLabel('Max. messages').fill('1000');
    await dialog.getByText(/^Matches .*1 queue.* right now$/).waitFor();
    await press(dialog, 'Add');
    await page.getByText('Policy “cap” is in force.').waitFor();
    expect((await dashboard.api.send('GET', '/api/policies/%2F/cap')).status).toBe(404);
    const { json: queue } = await dashboard.api.ask('GET', '/api/queues/%2F/orders');
    expect(queue.operator_policy).toBe('cap');

    await press(page, 'Edit: cap');
    await dialog.getByLabel('Max. messages').fill('500');
    await dialog.getByLabel('When full').selectOption('Reject new ones');
    await press(dialog, 'Save');
    await page.getByText('max-length: 500', { exact: true }).waitFor();
    const { json } = await dashboard.api.ask('GET', PATH);
    expect(json).toMatchObject({
      pattern: '^orders',
      'apply-to': 'queues',
      definition: { 'max-length': 500, overflow: 'reject-publish' },
    });

    await press(page, 'Delete: cap');
    await press(dialog, 'Delete');
    await page.getByText('Policy “cap” was deleted.').waitFor();
    await page.getByText('There are no operator policies').waitFor();
    expect((await dashboard.api.send('GET', PATH)).status).toBe(404);
  });

  test('who may set policies, but is no administrator, can only look at them', async () => {
    const definition = { 'max-length': 7 };
    await dashboard.api.ask('PUT', '/api/operator-policies/%2F/fixed', { pattern: '^x', definition });
    const { page } = await dashboard.look({ address: '#/policies/operator', user: POLICYMAKER });
    await page.getByText('max-length: 7', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: /operator policy|: fixed$/ }).count()).toBe(0);
    await page.getByRole('link', { name: 'Policies', exact: true }).last().click();
    await page.getByRole('button', { name: 'Add policy', exact: true }).waitFor();
  });
});
