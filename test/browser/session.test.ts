import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, type Look } from './dashboard-under-test.ts';
import { PAGES } from './pages.ts';
import { BUSY_QUEUE, VIEWER } from './scene.ts';

/** More than any broker takes before it asks to wait. */
const FAILURES_MAX = 20;

describeWith(CHROMIUM, 'a session in the dashboard', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  /** Nobody is logged in: the page asks who is, and is answered with 401. */
  async function outside(language: 'en-US' | 'zh-CN' = 'en-US'): Promise<Look> {
    const look = await dashboard.look({ user: VIEWER, language, allow: [401, 403, 429] });
    await look.context.clearCookies();
    await look.page.reload();
    await look.page.locator('input[type=password]').waitFor();
    return look;
  }

  async function logIn({ page }: Look, username: string, password: string): Promise<void> {
    await page.locator('input[autocomplete=username]').fill(username);
    await page.locator('input[type=password]').fill(password);
    await page.locator('button[type=submit]').click();
  }

  test('begins on the page that was asked for, and ends with a log-out', async () => {
    const look = await outside();
    const { page } = look;
    await page.goto(`${look.url}/#/queues`);
    await logIn(look, 'guest', 'guest');
    await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('User name').waitFor();
    await page.reload();
    await page.getByLabel('User name').waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
  });

  test('is refused with the reason, and then with the time to wait', async () => {
    const look = await outside();
    const { page } = look;
    await logIn(look, 'nobody-of-that-name', 'wrong');
    await page.getByText('The user name or the password is wrong.').waitFor();
    for (let i = 0; i < FAILURES_MAX; i++) {
      const answered = page.waitForResponse('**/v1/session');
      await page.locator('button[type=submit]').click();
      if ((await answered).status() === 429) break;
    }
    await page.getByText(/There were too many failures\. Try again in \d+ seconds?\./).waitFor();
  });

  test('is refused without a tag, and says so in Chinese, too', async () => {
    const look = await outside('zh-CN');
    await dashboard.api.ask('PUT', '/api/users/tagless', { password: 'tagless', tags: '' });
    await logIn(look, 'tagless', 'tagless');
    await look.page.getByRole('alert').getByText('management').waitFor();
  });

  test('that ends elsewhere leads to the log-in, which says why', async () => {
    await dashboard.api.ask('PUT', '/api/users/leaver', { password: 'leaver', tags: 'monitoring' });
    const look = await dashboard.look({ user: 'leaver', address: '#/queues', allow: [401] });
    await look.page.getByRole('status').getByText('Live', { exact: true }).waitFor();
    await dashboard.api.ask('PUT', '/api/users/leaver', { password: 'another', tags: 'monitoring' });
    await look.page.getByText('The session has ended. Log in again.').waitFor();
    await logIn(look, 'leaver', 'another');
    await look.page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  });

  test('of another user shows nothing of the one before', async () => {
    const look = await outside();
    const { page } = look;
    await logIn(look, 'guest', 'guest');
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('User name').waitFor();
    await logIn(look, VIEWER, VIEWER);
    await page.getByRole('navigation').first().waitFor();
    expect(await page.getByRole('link', { name: 'Users', exact: true }).count()).toBe(0);
    expect(await page.getByText('deployer').count()).toBe(0);
  });

  test.each(PAGES.filter(({ administrators }) => administrators !== true))(
    'of one who may only look is offered no change on the page $name',
    async ({ address }) => {
      const look = await dashboard.look({ user: VIEWER, address });
      const labels = await look.page.evaluate<string[]>(BUTTON_LABELS);
      expect(labels.filter((label) => CHANGES.test(label))).toEqual([]);
    },
  );

  test('of one who may only look is led to no page of administrators', async () => {
    const look = await dashboard.look({ user: VIEWER, address: `#/queues/%2F/${BUSY_QUEUE}` });
    for (const name of ['Users', 'Virtual hosts', 'Definitions', 'Audit log'])
      expect(await look.page.getByRole('link', { name, exact: true }).count(), name).toBe(0);
  });
});

const BUTTON_LABELS = `[...document.querySelectorAll('main :not(th) > button, main [role=button]')].map((each) => each.ariaLabel ?? each.textContent)`;
/** How buttons begin that change something. Who may read may take messages away, and so drop and purge them. */
const CHANGES =
  /^(add|declare|new|publish|delete|remove|move|bind|pause|resume|replay|close conn|cancel|import|set|save|edit)\b/i;
