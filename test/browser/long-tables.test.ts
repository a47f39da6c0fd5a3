import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, type Look } from './dashboard-under-test.ts';

const USERS = 10_000;
/** It takes a fraction of that; what grew with the square of the rows would take a minute. */
const STEP_MS_MAX = 3000;
const ROWS_MAX = 200;
const LAST = nameOf(USERS - 1);

describeWith(CHROMIUM, `a table of ${USERS} rows`, () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
    const users = Array.from({ length: USERS }, (_, at) => ({
      name: nameOf(at),
      password_hash: '',
      tags: [],
    }));
    await dashboard.api.ask('POST', '/api/definitions', { users });
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  /** Another page: what is measured is the table, not how the scripts come. */
  function open(): Promise<Look> {
    return dashboard.look({ address: '#/policies' });
  }

  async function openUsers(page: Page): Promise<void> {
    await page.getByRole('link', { name: 'Users', exact: true }).click();
    await row(page, nameOf(0)).waitFor();
  }

  test('is there soon, and only what can be seen of it exists', async () => {
    const { page } = await open();
    expect(await millisecondsOf(() => openUsers(page))).toBeLessThan(STEP_MS_MAX);
    const table = page.getByRole('table', { name: 'Users' });
    // the header and guest
    expect(await table.getAttribute('aria-rowcount')).toBe(String(USERS + 2));
    const rows = await table.getByRole('row').count();
    expect(rows).toBeGreaterThan(10);
    expect(rows).toBeLessThan(ROWS_MAX);
  });

  test('is sorted soon', async () => {
    const { page } = await open();
    await openUsers(page);
    const took = await millisecondsOf(async () => {
      const name = page.getByRole('button', { name: 'Name', exact: true });
      await name.click();
      await page.locator('th[aria-sort=ascending]').waitFor();
      await name.click();
      await row(page, LAST).waitFor();
    });
    expect(took).toBeLessThan(STEP_MS_MAX);
    expect(await row(page, LAST).getAttribute('aria-rowindex')).toBe('2');
  });

  test('is filtered soon', async () => {
    const { page } = await open();
    await openUsers(page);
    const took = await millisecondsOf(async () => {
      await page.getByLabel('Filter by name').fill(LAST);
      await row(page, LAST).waitFor();
    });
    expect(took).toBeLessThan(STEP_MS_MAX);
    expect(await page.getByRole('table', { name: 'Users' }).getByRole('row').count()).toBe(2);
  });

  test('is scrolled to its end', async () => {
    const look = await open();
    await openUsers(look.page);
    const took = await millisecondsOf(async () => {
      await look.page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)');
      await row(look.page, LAST).waitFor();
    });
    expect(took).toBeLessThan(STEP_MS_MAX);
    expect(await look.page.getByRole('table', { name: 'Users' }).getByRole('row').count()).toBeLessThan(
      ROWS_MAX,
    );
  });
});

/** As text they are in the order of their numbers. */
function nameOf(at: number): string {
  return `worker-${String(at).padStart(5, '0')}`;
}

function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

async function millisecondsOf(act: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
