import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

const LATE = 'TimeoutError: too late';
const BROKEN = 'SyntaxError: no JSON';
/** Long enough to see a replay run that moves one of them per second. */
const MANY = 60;

describeWith(CHROMIUM, 'dead letters in the dashboard', () => {
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
    await dashboard.api.ask('PUT', `/api/queues/%2F/${dead}`, { durable: true });
  });
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function declareWork(limits: Readonly<Record<string, number>> = {}): Promise<void> {
    await dashboard.api.ask('PUT', `/api/queues/%2F/${queue}`, {
      durable: true,
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead, ...limits },
    });
  }

  async function publish(errors: readonly string[]): Promise<void> {
    for (const [at, error] of errors.entries())
      await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/messages`, {
        payload: `message ${at}`,
        headers: { 'x-error': error },
        properties: { message_id: `m-${at}` },
      });
  }

  /** Takes every message of the queue, and rejects it. */
  async function rejectAll(): Promise<void> {
    const { json } = await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/receive`, { max: MANY });
    const settlements = json.messages.map(({ lease_id }: { lease_id: string }) => ({
      lease_id,
      action: 'reject',
    }));
    await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/settle`, { settlements });
  }

  async function messagesIn(name: string): Promise<string[]> {
    const { json } = await dashboard.api.ask('GET', `/v1/queues/%2F/${name}/messages`);
    return json.messages.map(({ payload }: { payload: string }) => payload);
  }

  async function replays(): Promise<Record<string, unknown>[]> {
    return (await dashboard.api.ask('GET', `/v1/queues/%2F/${dead}/replays`)).json.replays;
  }

  async function open(): Promise<Page> {
    return (await dashboard.look({ address: `#/queues/%2F/${dead}/dead-letters` })).page;
  }

  test('a group is dropped, and the others stay', async () => {
    await declareWork();
    await publish([LATE, BROKEN, LATE]);
    await rejectAll();
    const page = await open();
    const late = page.getByRole('listitem').filter({ hasText: LATE });
    await late.getByText('2 messages', { exact: true }).waitFor();
    await press(late, 'Drop');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Drop these 2 dead letters?').waitFor();
    await press(dialog, 'Drop');
    await page.getByText('Dropped: 2').waitFor();
    await late.waitFor({ state: 'detached' });
    await page.getByText(BROKEN).waitFor();
    expect(await messagesIn(dead)).toEqual(['message 1']);
  });

  test('all are dropped after a question, which can be left', async () => {
    await declareWork();
    await publish([LATE, BROKEN, LATE]);
    await rejectAll();
    const page = await open();
    const dialog = page.getByRole('dialog');
    await press(page, 'Drop all');
    await dialog.getByText(/All messages that are ready are removed, 3 as far as was looked\./).waitFor();
    await press(dialog, 'Cancel');
    expect(await messagesIn(dead)).toHaveLength(3);
    await press(page, 'Drop all');
    await press(dialog, 'Drop all');
    await page.getByText('The queue was purged').waitFor();
    await page.getByText('No message is ready in this queue').waitFor();
    expect(await messagesIn(dead)).toEqual([]);
  });

  test('a replay that runs is stopped, and what it did not move stays', async () => {
    await declareWork();
    await publish(Array.from({ length: MANY }, () => LATE));
    await rejectAll();
    const page = await open();
    await press(page, 'Replay all');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Messages per second').fill('1');
    await press(dialog, 'Start');
    await page.getByText('running', { exact: true }).waitFor();
    await page.getByRole('progressbar', { name: 'Progress' }).waitFor();
    await press(page, 'Stop');
    await page.getByText('The replay was stopped').waitFor();
    await page.getByText('stopped', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Stop', exact: true }).count()).toBe(0);
    const [replay] = await replays();
    expect(replay).toMatchObject({ state: 'stopped', failed: 0 });
    const left = (await dashboard.api.ask('GET', `/v1/queues/%2F/${dead}/dead-letters`)).json.looked_at;
    expect(left).toBe(MANY - Number(replay?.['moved']));
    expect(left).toBeGreaterThan(0);
  });

  test('a replay stops by itself when a message fails again, and says so', async () => {
    await declareWork({ 'x-message-ttl': 1 });
    await publish(Array.from({ length: 10 }, () => LATE));
    const page = await open();
    await page.getByText('10 messages', { exact: true }).waitFor();
    await press(page, 'Replay all');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Messages per second').fill('1');
    expect(await dialog.getByLabel('Stop when one of them fails again').isChecked()).toBe(true);
    await press(dialog, 'Start');
    await page.getByText('stopped', { exact: true }).waitFor();
    await page.getByText(/^failed again [1-9]$/).waitFor();
    const [replay] = await replays();
    expect(replay).toMatchObject({ state: 'stopped', stop_on_failure: true });
    await page.getByText(String(replay?.['stop_reason'])).waitFor();
    expect(Number(replay?.['moved'])).toBeLessThan(10);
  });
});
