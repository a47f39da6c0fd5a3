import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest } from './dashboard-under-test.ts';

const FOCUS_IN_DIALOG = `document.activeElement === document.body || document.activeElement.closest('dialog') !== null`;

describeWith(CHROMIUM, 'with the keyboard alone', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  test('the first key leads past the menu to the content', async () => {
    const { page } = await dashboard.look({ address: '#/queues' });
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(`document.activeElement.closest('main') !== null`)).toBe(true);
  });

  test('a page of the menu is opened, and said to be the current one', async () => {
    const { page } = await dashboard.look();
    await page.getByRole('link', { name: 'Exchanges', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Exchanges' }).waitFor();
    const current = page.getByRole('navigation', { name: 'Menu' }).locator('[aria-current=page]');
    expect(await current.allTextContents()).toEqual(['Exchanges']);
  });

  test.each([
    ['#/queues', 'Declare a queue'],
    ['#/exchanges', 'Declare an exchange'],
  ])('a dialog on %s keeps the focus, goes with Escape, and gives it back', async (address, opener) => {
    const { page } = await dashboard.look({ address });
    const button = page.getByRole('button', { name: opener });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(FOCUS_IN_DIALOG)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe(opener);
  });

  test('the menu of a phone opens, leads on and closes', async () => {
    const { page } = await dashboard.look({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Menu' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Queues', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
    await page.getByRole('link', { name: 'Exchanges', exact: true }).waitFor({ state: 'hidden' });
  });
});
