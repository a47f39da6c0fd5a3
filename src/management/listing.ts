/**
 * Answers lists: gathers, sorts, filters, takes a page, and writes JSON, all in slices, so that messages go on flowing.
 *
 *     items -> keys to sort by -> sorted -> names that match -> page -> objects of the page -> JSON, as it is made
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { ApiError } from './api-error.ts';
import type { JsonValue } from './field-json.ts';
import { jsonArray, jsonArrayPieces, PIECE_CHARACTERS, sendPieces } from './json-array.ts';
import type { Column, ListQuery, Page } from './list-query.ts';
import { type Keyed, sortInSlices } from './sort-in-slices.ts';
import type { View } from './view.ts';
import { SlicedWork } from './work-slices.ts';

/** A kind of list: what is shown of each item, and the usual order. */
export interface Listing<T> {
  readonly view: View<T>;
  /** Columns; by the first one first. */
  readonly sortedBy: readonly string[];
  /** How items are called, for `name=`. Undefined: the list is always whole, as it is in RabbitMQ. */
  readonly nameOf?: ((item: T) => string) | undefined;
}

/**
 * Answers with the list of `items`, which are taken one after the other and may change meanwhile. 400 for a page that is not
 * there, in RabbitMQ's words. `onDefect` is told what goes wrong once the answer has begun; the client finds it cut off.
 */
export async function answerList<T>(
  reply: FastifyReply,
  listing: Listing<T>,
  items: Iterable<T>,
  query: ListQuery,
  onDefect: (error: Error) => void,
): Promise<FastifyReply> {
  const work = await SlicedWork.begin();
  const sorted = await sortedItems(listing, items, query, work);
  const { nameOf } = listing;
  const json =
    query.page === undefined || nameOf === undefined
      ? arrayText(listing, sorted, query, work)
      : pageText(listing, await pageOf(nameOf, sorted, query.page, work), query, work);
  return sendText(reply, json, onDefect);
}

/** Answers with one object; its lists are made in slices. */
export async function answerObject<T>(
  reply: FastifyReply,
  view: View<T>,
  item: T,
  query: ListQuery,
): Promise<FastifyReply> {
  const json = view.json(item, query);
  const pieces: string[] = [JSON.stringify(json).slice(0, -1)];
  let separator = Object.keys(json).length === 0 ? '' : ',';
  let work: SlicedWork | undefined;
  for (const [field, elements] of view.lists(item, query)) {
    work ??= await SlicedWork.begin();
    pieces.push(`${separator}"${field}":`, ...(await jsonArrayPieces(elements, (element) => element, work)));
    separator = ',';
  }
  return sendPieces(withHeaders(reply), [...pieces, '}']);
}

/** Answers with a value that is small, or with a list that is short whatever the broker holds. */
export function answerJson(reply: FastifyReply, json: JsonValue): FastifyReply {
  return withHeaders(reply).send(JSON.stringify(json));
}

function withHeaders(reply: FastifyReply): FastifyReply {
  return reply.header('content-type', 'application/json').header('cache-control', 'no-cache');
}

async function sortedItems<T>(
  listing: Listing<T>,
  items: Iterable<T>,
  query: ListQuery,
  work: SlicedWork,
): Promise<T[]> {
  const usual: Column[] = listing.sortedBy.map((column) => [column]);
  const columns = query.sort === undefined ? usual : [query.sort, ...usual];
  const entries: Keyed<T>[] = [];
  for (const item of items) {
    if (work.isDue) await work.pause();
    // Nothing comes before everything else: as a number it mostly means 0.
    const keys = columns.map((column) => listing.view.value(item, column, query) ?? 0);
    entries.push({ keys, item });
  }
  const sorted = (await sortInSlices(entries, work)).map(({ item }) => item);
  return query.sortReverse ? sorted.reverse() : sorted;
}

interface PageOfItems<T> {
  readonly page: Page;
  readonly items: readonly T[];
  readonly totalCount: number;
  readonly filteredCount: number;
}

async function pageOf<T>(
  nameOf: (item: T) => string,
  sorted: readonly T[],
  page: Page,
  work: SlicedWork,
): Promise<PageOfItems<T>> {
  const matching: T[] = [];
  for (const item of sorted) {
    if (work.isDue) await work.pause();
    if (page.matches(nameOf(item))) matching.push(item);
  }
  const from = (page.number - 1) * page.size;
  if (from > matching.length) {
    throw new ApiError(
      400,
      'page_out_of_range',
      `Page out of range, page: ${page.number} page size: ${page.size}, len: ${matching.length}`,
    );
  }
  const items = matching.slice(from, from + page.size);
  return { page, items, totalCount: sorted.length, filteredCount: matching.length };
}

async function* pageText<T>(
  listing: Listing<T>,
  { page, items, totalCount, filteredCount }: PageOfItems<T>,
  query: ListQuery,
  work: SlicedWork,
): AsyncGenerator<string> {
  const counts = {
    filtered_count: filteredCount,
    item_count: items.length,
    page: page.number,
    page_count: Math.ceil(filteredCount / page.size),
    page_size: page.size,
    total_count: totalCount,
  };
  yield `${JSON.stringify(counts).slice(0, -1)},"items":`;
  yield* arrayText(listing, items, query, work);
  yield '}';
}

function arrayText<T>(
  { view }: Listing<T>,
  items: readonly T[],
  query: ListQuery,
  work: SlicedWork,
): AsyncGenerator<string> {
  return jsonArray(items, (item) => view.json(item, query), work);
}

/** What is short is sent at once, with its length; what is long as it is made, so that it is never in memory as a whole. */
async function sendText(
  reply: FastifyReply,
  chunks: AsyncGenerator<string>,
  onDefect: (error: Error) => void,
): Promise<FastifyReply> {
  let start = '';
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) return withHeaders(reply).send(start);
    start += value;
    if (start.length >= 2 * PIECE_CHARACTERS) break;
  }
  const stream = Readable.from(joined(start, chunks, onDefect), { objectMode: false });
  return withHeaders(reply).send(stream);
}

async function* joined(
  start: string,
  rest: AsyncGenerator<string>,
  onDefect: (error: Error) => void,
): AsyncGenerator<string> {
  yield start;
  try {
    yield* rest;
  } catch (error) {
    onDefect(error as Error);
    throw error;
  }
}
