import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../interop/debian.ts';
import { seriousViolations } from './axe.ts';
import { CHROMIUM, DashboardUnderTest } from './dashboard-under-test.ts';
import { textsOf } from './page-texts.ts';
import { PAGES } from './pages.ts';
import { sceneWords } from './scene.ts';

const PHONE = { width: 390, height: 844 };
const AS_WIDE_AS_PHONE = `window.innerWidth === ${PHONE.width}`;
const TOO_WIDE = `document.documentElement.scrollWidth > document.documentElement.clientWidth`;
/** Two words of Latin letters in a row. */
const ENGLISH = /[A-Za-z]{2,} [A-Za-z]{2,}/;

/** The library gives its own link that label, in every language. */
const PROPER_NAMES = /React Flow attribution/;

describeWith(CHROMIUM, 'every page', () => {
  let dashboard: DashboardUnderTest;

  beforeAll(async () => {
    dashboard = await DashboardUnderTest.start();
  });
  afterAll(() => dashboard?.close());
  afterEach(async () => expect(await dashboard.closeLooks()).toEqual([]));

  test.each(PAGES)('$name is accessible in both themes, and shows no failure', async ({ address }) => {
    const { page } = await dashboard.look({ address });
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.locator('[role=alert]').allTextContents()).toEqual([]);
    expect(await seriousViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousViolations(page)).toEqual([]);
  });

  test.each(PAGES)('$name fits on a phone, and is all Chinese where that is chosen', async ({ address }) => {
    const look = await dashboard.look({ address, language: 'zh-CN' });
    const english = (await textsOf(look.page)).filter((text) => ENGLISH.test(withoutSceneWords(text)));
    expect(english).toEqual([]);
    await look.page.setViewportSize(PHONE);
    await look.until(AS_WIDE_AS_PHONE);
    expect(await look.page.evaluate(TOO_WIDE)).toBe(false);
  });
});

/** Names of the scene have a dot or a dash in them. */
function withoutSceneWords(text: string): string {
  const prose = sceneWords.reduce((left, word) => left.replaceAll(word, ''), text);
  return prose.replaceAll(/\S*[._#*:/@-]\S*/g, '').replace(PROPER_NAMES, '');
}
