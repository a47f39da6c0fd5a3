import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { textOf } from '../storage/file/storage-error.ts';

/** What a server of NATS says about itself on its monitoring port. */
export interface MonitoredServer {
  readonly name: string;
  readonly version: string;
  /** It syncs before it acknowledges. */
  readonly syncsAlways: boolean;
  readonly payloadBytesMax: number;
}

export interface MonitorFindings {
  readonly servers: ReadonlyMap<string, MonitoredServer>;
  /** `http://a:8222: connection refused` */
  readonly faults: readonly string[];
}

const ANSWER_MS = 2_000;

/** Asks all that `urls` lead to: a name may stand for several servers. */
export async function lookAtMonitors(urls: readonly string[]): Promise<MonitorFindings> {
  const servers = new Map<string, MonitoredServer>();
  const faults: string[] = [];
  await Promise.all(
    urls.map(async (url) => {
      try {
        for (const each of await urlsBehind(url)) {
          const server = await lookAt(each);
          servers.set(server.name, server);
        }
      } catch (error) {
        faults.push(`${withoutSecret(url)}: ${causeOf(error)}`);
      }
    }),
  );
  return { servers, faults };
}

/** Certificates are for names, so https stays as it is. */
async function urlsBehind(text: string): Promise<string[]> {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:' || isIP(host) !== 0) return [text];
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => {
    url.hostname = family === 6 ? `[${address}]` : address;
    return url.href;
  });
}

async function lookAt(url: string): Promise<MonitoredServer> {
  const page = new URL('varz', url.endsWith('/') ? url : `${url}/`);
  const login = `${decodeURIComponent(page.username)}:${decodeURIComponent(page.password)}`;
  const headers: Record<string, string> =
    login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  page.username = page.password = '';
  const answer = await fetch(page, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const said = (await answer.json()) as {
    server_name?: unknown;
    version?: unknown;
    max_payload?: unknown;
    jetstream?: { config?: { sync_always?: unknown } };
  };
  if (typeof said.server_name !== 'string' || typeof said.version !== 'string') {
    throw new Error('what answers there is not the monitoring port of a NATS server');
  }
  return {
    name: said.server_name,
    version: said.version,
    syncsAlways: said.jetstream?.config?.sync_always === true,
    payloadBytesMax: Number(said.max_payload ?? 0),
  };
}

/** `fetch` hides what went wrong behind "fetch failed". */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? textOf(error.cause) : textOf(error);
}

function withoutSecret(url: string): string {
  return url.replace(/\/\/.*@/, '//***@');
}
