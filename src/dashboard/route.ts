/** The address of a page is in the hash, as in RabbitMQ's management: `#/queues/%2F/orders`. What follows `?` is the state of the page. */
import { useMemo, useSyncExternalStore } from 'react';

export interface Route {
  /** Decoded: names may hold anything. `[]` is the overview. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

export type RouteQuery = Readonly<Record<string, string | number | undefined>>;

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const segments = path.split('/').map(decoded);
  while (segments.at(-1) === '') segments.pop();
  return { segments, query: new URLSearchParams(search) };
}

/** The link to a page. */
export function href(segments: readonly string[], query: RouteQuery = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return `#/${segments.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(onHashChange, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

export function navigate(to: string): void {
  window.location.hash = to;
}

/** The state of a page, without an entry in the history for every letter that is typed. */
export function replaceQuery(query: RouteQuery): void {
  const { segments, query: before } = parseRoute(window.location.hash);
  const fields: Record<string, string | number | undefined> = { ...Object.fromEntries(before), ...query };
  window.history.replaceState(null, '', href(segments, fields));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function onHashChange(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
