import type { JSHandle, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { CHROMIUM, DashboardUnderTest, press } from './dashboard-under-test.ts';

describeWith(CHROMIUM, 'a file dropped on the definitions', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start({ scene: false });
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  async function drop(page: Page, name: string, text: string): Promise<void> {
    const place = page.getByRole('button', { name: 'Choose a file', exact: true });
    const dataTransfer = await transferOf(page, name, text);
    await place.dispatchEvent('dragover', { dataTransfer });
    await page.getByText('Drop it', { exact: true }).waitFor();
    await place.dispatchEvent('drop', { dataTransfer });
  }

  test('is imported after a look at what it would change', async () => {
    const { page } = await dashboard.look({ address: '#/definitions' });
    const queue = { name: 'dropped', vhost: '/', durable: true, auto_delete: false, arguments: {} };
    await drop(page, 'dropped.json', JSON.stringify({ queues: [queue] }));
    const row = page
      .getByRole('table', { name: 'What dropped.json would do' })
      .getByRole('row', { name: /^Queues 1 1 0 0/ });
    await row.getByText('dropped', { exact: true }).waitFor();
    expect((await dashboard.api.send('GET', '/api/queues/%2F/dropped')).status).toBe(404);
    await press(page, 'Import 1 definition');
    await press(page.getByRole('dialog'), 'Import');
    await page.getByText('dropped.json was imported.').waitFor();
    expect((await dashboard.api.send('GET', '/api/queues/%2F/dropped')).status).toBe(200);
  });

  test.each([
    ['no JSON', 'queues: none', 'picture.json is no JSON'],
    ['JSON of something else', '[1, 2]', 'picture.json holds no definitions'],
  ])('is refused when it is %s', async (_, text, refusal) => {
    const { page } = await dashboard.look({ address: '#/definitions' });
    await drop(page, 'picture.json', text);
    await page.getByText(refusal).waitFor();
    expect(await page.getByRole('button', { name: /^Import/ }).count()).toBe(0);
  });
});

function transferOf(page: Page, name: string, text: string): Promise<JSHandle<DragData>> {
  const file = `new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { type: 'application/json' })`;
  return page.evaluateHandle<DragData>(
    `(() => { const data = new DataTransfer(); data.items.add(${file}); return data; })()`,
  );
}

/** The browser's `DataTransfer`: only handed on here. */
type DragData = object;
