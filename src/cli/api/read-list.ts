import type { ApiClient } from './api-client.ts';
import { fieldAt, listAt, listOf, numberAt } from './json-fields.ts';

/** What the API gives at most. */
const PAGE_ITEMS_MAX = 500;

/**
 * All items of a list, page by page, so that the broker never has to make one answer of all. A list that has no pages
 * comes as a whole. `query` is what else to ask for, like `name=orders`.
 */
export async function readList(api: ApiClient, path: string, query = '', about?: string): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let page = 1; ; page++) {
    const answer = await api.get(`${path}?page=${page}&page_size=${PAGE_ITEMS_MAX}${query}`, about);
    if (fieldAt(answer, 'items') === undefined) return [...listOf(answer)];
    items.push(...listAt(answer, 'items'));
    if (page >= (numberAt(answer, 'page_count') ?? 0)) return items;
  }
}
