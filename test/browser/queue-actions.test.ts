import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

describeWith(CHROMIUM, 'queues and exchanges in the dashboard', () => {
  let dashboard: DashboardUnderTest;
  let queue = '';
  let count = 0;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
  });
  afterAll(() => dashboard?.close());
  beforeEach(async () => {
    queue = `work-${++count}`;
    await dashboard.api.ask('PUT', `/api/queues/%2F/${queue}`, { durable: true });
  });
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function publish(messages: number): Promise<void> {
    for (let i = 0; i < messages; i++)
      await dashboard.api.ask('POST', `/v1/queues/%2F/${queue}/messages`, { payload: `message ${i}` });
  }

  async function messagesIn(name: string): Promise<number> {
    const { json } = await dashboard.api.ask('GET', `/v1/queues/%2F/${name}/messages`);
    return json.messages.length;
  }

  /** What was just deleted may be asked for once more, until the list is there. */
  async function open(address: string): Promise<Page> {
    return (await dashboard.look({ address, allow: [404] })).page;
  }

  test('a queue is declared with arguments', async () => {
    const page = await open('#/queues');
    await press(page, 'Declare a queue');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('declared here');
    await dialog.getByText('Expiry and limits').click();
    await dialog.getByLabel('Message TTL').fill('60000');
    await press(dialog, 'Declare');
    await page.getByRole('heading', { level: 1, name: 'declared here' }).waitFor();
    const { json } = await dashboard.api.ask('GET', '/api/queues/%2F/declared%20here');
    expect(json).toMatchObject({ durable: true, arguments: { 'x-message-ttl': 60_000 } });
  });

  test('a refusal is shown where it was caused, and what was typed stays', async () => {
    const look = await dashboard.look({ address: '#/queues', allow: [400] });
    await press(look.page, 'Declare a queue');
    const dialog = look.page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill(queue);
    await dialog.getByLabel('Durable', { exact: true }).uncheck();
    await press(dialog, 'Declare');
    await dialog.getByRole('alert').getByText(queue).waitFor();
    expect(await dialog.getByLabel('Name', { exact: true }).inputValue()).toBe(queue);
  });

  test('a message is published, with properties and headers', async () => {
    const page = await open(`#/queues/%2F/${queue}`);
    await press(page, 'Publish');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Payload', { exact: true }).fill('{"hello":"world"}');
    await dialog.getByText('Properties', { exact: true }).click();
    await dialog.getByLabel('Message id', { exact: true }).fill('m-1');
    await press(dialog, 'Publish');
    await dialog.getByText('Confirmed: it is in the queue').waitFor();
    const { json } = await dashboard.api.ask('GET', `/v1/queues/%2F/${queue}/messages`);
    expect(json.messages).toMatchObject([
      { properties: { message_id: 'm-1' }, payload: '{"hello":"world"}' },
    ]);
  });

  test('a queue is paused and resumed', async () => {
    const page = await open(`#/queues/%2F/${queue}`);
    await press(page, 'Pause');
    await page.getByText(`${queue} is paused: it delivers nothing`).waitFor();
    expect((await dashboard.api.ask('GET', `/api/queues/%2F/${queue}`)).json.state).toBe('paused');
    await press(page, 'Resume');
    await page.getByText(`${queue} delivers again`).waitFor();
    expect((await dashboard.api.ask('GET', `/api/queues/%2F/${queue}`)).json.state).toBe('running');
  });

  test('messages are moved to another queue', async () => {
    await dashboard.api.ask('PUT', `/api/queues/%2F/${queue}-target`, { durable: true });
    await publish(3);
    const page = await open(`#/queues/%2F/${queue}`);
    await press(page, 'Move');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Queue', { exact: true }).fill(`${queue}-target`);
    await press(dialog, 'Move');
    await page.getByText(`Moved to ${queue}-target: 3`).waitFor();
    expect([await messagesIn(queue), await messagesIn(`${queue}-target`)]).toEqual([0, 3]);
  });

  test('a queue is purged after a question that names the count', async () => {
    await publish(4);
    const page = await open(`#/queues/%2F/${queue}`);
    await press(page, 'Purge');
    const dialog = page.getByRole('dialog');
    await dialog
      .getByText(`All messages that are ready in ${queue}, 4 now, will be gone for good.`)
      .waitFor();
    await press(dialog, 'Cancel');
    expect(await messagesIn(queue)).toBe(4);
    await press(page, 'Purge');
    await press(dialog, 'Purge');
    await page.getByText(`${queue} was purged`).waitFor();
    expect(await messagesIn(queue)).toBe(0);
  });

  test('a queue is deleted only when its name was typed', async () => {
    const page = await open(`#/queues/%2F/${queue}`);
    await press(page, 'Delete');
    const dialog = page.getByRole('dialog');
    const confirm = dialog.getByRole('button', { name: 'Delete', exact: true });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel(`Type “${queue}” to confirm`).fill(queue);
    await confirm.click();
    await page.getByText(`${queue} was deleted`).waitFor();
    expect((await dashboard.api.send('GET', `/api/queues/%2F/${queue}`)).status).toBe(404);
  });

  test('a binding is added and removed', async () => {
    const page = await open(`#/queues/%2F/${queue}/bindings`);
    await press(page, 'Add a binding');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('From the exchange').fill('amq.topic');
    await dialog.getByLabel('Routing key', { exact: true }).fill('order.*');
    await press(dialog, 'Add');
    await page.getByRole('cell', { name: 'order.*', exact: true }).waitFor();
    await press(page, 'Remove the binding with amq.topic for order.*');
    await press(dialog, 'Remove');
    await page.getByText('The binding was removed').waitFor();
    await page.getByRole('cell', { name: 'order.*', exact: true }).waitFor({ state: 'detached' });
  });

  test('an exchange is declared, published to, and deleted', async () => {
    const page = await open('#/exchanges');
    const dialog = page.getByRole('dialog');
    await press(page, 'Declare an exchange');
    await dialog.getByLabel('Name', { exact: true }).fill('news');
    await dialog.getByLabel('Type', { exact: true }).selectOption('fanout');
    await press(dialog, 'Declare');
    await page.getByRole('heading', { level: 1, name: 'news' }).waitFor();
    await press(page, 'Publish');
    await dialog.getByLabel('Payload', { exact: true }).fill('to nobody');
    await press(dialog, 'Publish');
    await dialog.getByText('Confirmed, but it leads to no queue: it was dropped').waitFor();
    await page.keyboard.press('Escape');
    await press(page, 'Delete');
    await dialog.getByLabel('Type “news” to confirm').fill('news');
    await press(dialog, 'Delete');
    await page.getByText('news was deleted').waitFor();
    expect((await dashboard.api.send('GET', '/api/exchanges/%2F/news')).status).toBe(404);
  });

  test('the way of a message is shown before it is published', async () => {
    await dashboard.api.ask('POST', `/api/bindings/%2F/e/amq.topic/q/${queue}`, {
      routing_key: `${queue}.#`,
    });
    const page = await open('#/topology');
    await press(page, 'Where would a message go?');
    const question = page.locator('form').filter({ has: page.getByLabel('Routing key', { exact: true }) });
    await question.getByLabel('Exchange', { exact: true }).selectOption('amq.topic');
    await question.getByLabel('Routing key', { exact: true }).fill(`${queue}.placed`);
    await press(question, 'Show its way');
    await page.getByText('It reaches 1 queue').waitFor();
    await question.getByLabel('Routing key', { exact: true }).fill('elsewhere');
    await press(question, 'Show its way');
    await page.getByText('Unroutable: it reaches no queue').waitFor();
  });

  test('a list is filtered, sorted and paged by the broker', async () => {
    const page = await open('#/queues');
    await page.getByLabel('Filter by name').fill(queue);
    await page.getByText('1 in all').waitFor();
    await page.getByLabel('Filter by name').fill('no queue is called so');
    await page.getByText('Nothing matches “no queue is called so”.').waitFor();
    await page.getByLabel('Filter by name').fill('');
    await page.getByRole('button', { name: 'Name', exact: true }).click();
    const name = page.getByRole('columnheader', { name: 'Name', exact: true });
    expect(await name.getAttribute('aria-sort')).toMatch(/^(a|de)scending$/);
  });
});
