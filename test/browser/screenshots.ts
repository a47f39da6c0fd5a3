/** npm run screenshots [-- NAME...]: a picture of each page with live traffic, light and dark, into docs/images. */
import { join } from 'node:path';
import { DashboardUnderTest, type Theme } from './dashboard-under-test.ts';
import { PAGES } from './pages.ts';

/** From build/test/browser. */
const ROOT = join(import.meta.dirname, '../../..');
const THEMES: readonly Theme[] = ['light', 'dark'];
/** So long the charts have something to show. */
const TRAFFIC_MS = 65_000;
/** Of a page, until its charts are drawn. */
const DRAWN_MS = 1_500;

const wanted = process.argv.slice(2);
const pages = PAGES.filter(({ name, part }) => (wanted.length === 0 ? part !== true : wanted.includes(name)));
const dashboard = await DashboardUnderTest.start({ projectRoot: ROOT });
try {
  await passed(TRAFFIC_MS);
  for (const { name, address } of pages) for (const theme of THEMES) await takePicture(name, address, theme);
} finally {
  await dashboard.close();
}

async function takePicture(name: string, address: string, theme: Theme): Promise<void> {
  const { page, problems } = await dashboard.look({ address, theme });
  await passed(DRAWN_MS);
  const path = `docs/images/dashboard-${name}-${theme}.png`;
  await page.screenshot({ path: join(ROOT, path) });
  await dashboard.closeLooks();
  process.stdout.write(`${[path, ...problems].join('\n  ')}\n`);
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
