/**
 * Requests that a page of somebody else makes in the name of whoever looks at it. Browsers say where a request comes from, and
 * a page cannot change that: `Sec-Fetch-Site`, and `Origin` where that is not known yet. Other programs send neither.
 */
import type { IncomingHttpHeaders } from 'node:http';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

interface RequestParts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request must not be done, whoever it is by: it would change something, and comes from the page of another site. */
export function foreignPage({ method, headers }: RequestParts): string | undefined {
  if (SAFE_METHODS.has(method)) return undefined;
  const { origin, 'sec-fetch-site': site } = headers;
  // without TLS, browsers say the origin only
  if (site === undefined) {
    if (origin === undefined || isOwnOrigin(headers)) return undefined;
    return `a page of another site may not do this (Origin: ${origin})`;
  }
  if (site === 'same-origin' || site === 'none') return undefined;
  return `a page of another site may not do this (Sec-Fetch-Site: ${String(site)})`;
}

/**
 * Why a request that proves itself with a cookie, which browsers add by themselves, must not be done; undefined when the page
 * is ours: its origin is, and it sends something that a form cannot.
 */
export function forgedByCookie({ method, headers }: RequestParts): string | undefined {
  if (SAFE_METHODS.has(method)) return undefined;
  if (!isOwnOrigin(headers)) return 'with a cookie, changes are done only for pages of this broker (Origin)';
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/json') || headers['x-requested-with'] !== undefined) return undefined;
  return 'with a cookie, a change needs a body of type application/json or the header X-Requested-With';
}

function isOwnOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
