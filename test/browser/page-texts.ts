import type { Page } from 'playwright-core';

/** What a page says: its texts, and the labels, titles and placeholders of its elements. Code is nobody's language. */
export function textsOf(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(COLLECT);
}

const COLLECT = `(() => {
  const texts = new Set();
  const skipped = 'code, pre, script, style, [lang], option';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
    if (node.parentElement.closest(skipped) === null) texts.add(node.nodeValue.trim());
  for (const attribute of ['aria-label', 'title', 'placeholder', 'alt'])
    for (const element of document.querySelectorAll('[' + attribute + ']'))
      texts.add(element.getAttribute(attribute).trim());
  texts.delete('');
  return [...texts];
})()`;
