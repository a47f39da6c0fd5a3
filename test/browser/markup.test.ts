import type { ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest } from './dashboard-under-test.ts';
import { declareMarkup, MARKUP, NAMES } from './markup-scene.ts';

const { vhost, queue, deadLetters, exchange, user, policy, messageId } = NAMES;
const address = (...segments: string[]): string => `#/${segments.map(encodeURIComponent).join('/')}`;

/** Pages, and what is to be read there. */
const PAGES: readonly (readonly [name: string, address: string, text: string])[] = [
  ['list of queues', '#/queues', queue],
  ['queue', address('queues', vhost, queue), queue],
  ['messages', address('queues', vhost, queue, 'messages'), queue],
  ['dead letters of a queue', address('queues', vhost, deadLetters, 'dead-letters'), deadLetters],
  ['consumers of a queue', address('queues', vhost, deadLetters, 'consumers'), deadLetters],
  ['bindings', address('queues', vhost, queue, 'bindings'), queue],
  ['settings', address('queues', vhost, deadLetters, 'settings'), deadLetters],
  ['list of exchanges', '#/exchanges', exchange],
  ['exchange', address('exchanges', vhost, exchange), exchange],
  ['topology', '#/topology', MARKUP],
  ['list of dead letters', '#/dead-letters', MARKUP],
  [
    'outcome',
    `${address('outcomes')}?vhost=${encodeURIComponent(vhost)}&id=${encodeURIComponent(messageId)}`,
    MARKUP,
  ],
  ['scheduled', '#/scheduled', MARKUP],
  ['list of connections', '#/connections', MARKUP],
  ['list of channels', '#/channels', 'Channels'],
  ['list of consumers', '#/consumers', MARKUP],
  ['list of policies', '#/policies', policy],
  ['list of users', '#/users', user],
  ['user', address('users', user), user],
  ['list of vhosts', '#/vhosts', vhost],
  ['vhost', address('vhosts', vhost), vhost],
  ['audit log', '#/audit', 'Audit'],
  ['overview', '#/', 'Overview'],
  ['page that there is not', address(MARKUP), 'no such page'],
];
/** Of nothing that a page is made of itself. */
const MADE_OF_TEXT = `document.querySelectorAll('img[src="x"], script:not([src]), [onload], [onerror]').length`;

describeWith(CHROMIUM, 'markup in what clients say', () => {
  let dashboard: DashboardUnderTest;
  let connection: ChannelModel;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
    connection = await declareMarkup(dashboard.server);
  });
  afterAll(async () => {
    await connection?.close();
    await dashboard?.close();
  });
  // a script that runs, and a request that leaves, are among what is found here
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  test.each(PAGES)('is text on the page: %s', async (_name, at, text) => {
    const { page } = await dashboard.look({ address: '#/audit' });
    await page.evaluate(`localStorage.setItem('leveret.vhost', ${JSON.stringify(vhost)})`);
    await page.goto('about:blank');
    await page.goto(`${dashboard.server.httpUrl}/${at}`);
    await page.locator('main').getByText(text).filter({ visible: true }).first().waitFor();
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.evaluate(MADE_OF_TEXT)).toBe(0);
  });

  test('is text in the details of a message', async () => {
    const { page } = await dashboard.look({ address: address('queues', vhost, queue, 'messages') });
    await page.locator('main tbody').getByRole('button').first().click();
    await page.getByRole('dialog').getByText(MARKUP).first().waitFor();
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.evaluate(MADE_OF_TEXT)).toBe(0);
  });

  test('is text in the details of a connection and a channel', async () => {
    const look = await dashboard.look({ address: '#/connections' });
    await look.page.locator('main tbody').getByRole('link').first().click();
    await look.page.locator('main').getByText(MARKUP).nth(1).waitFor();
    await look.go('#/channels');
    await look.page.locator('main tbody').getByRole('link').first().click();
    await look.settled();
    expect(await look.page.evaluate('window.ran')).toBeUndefined();
    expect(await look.page.evaluate(MADE_OF_TEXT)).toBe(0);
  });

  test('is text in a refusal of the broker', async () => {
    const look = await dashboard.look({
      address: address('queues', vhost, `absent ${MARKUP}`),
      allow: [404],
    });
    await look.page.locator('main').getByText(MARKUP).first().waitFor();
    expect(await look.page.evaluate('window.ran')).toBeUndefined();
  });
});
