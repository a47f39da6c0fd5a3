/**
 * What whoever runs a service asks of it over HTTP, without a log-in:
 *
 *     /livez     200 as long as the process answers at all: otherwise start it anew
 *     /readyz    200 when all units are connected, consume, and send what they have to; 503 with the reasons otherwise
 *     /metrics   in the text format of Prometheus
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METRICS_CONTENT_TYPE } from '../telemetry/prometheus-text.ts';
import type { App } from './app.ts';

/** What is asked: an `App`, or what stands for it while it starts. */
export type HealthSource = Pick<App, 'health' | 'metrics'>;

export interface HealthServerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** `127.0.0.1` unless given: this machine only. `0.0.0.0` in a container, so that its probes come in. */
  readonly host?: string;
}

export interface HealthServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Opens it. Rejects when the port is taken. */
export async function openHealthServer(
  source: HealthSource,
  { port, host = '127.0.0.1' }: HealthServerOptions,
): Promise<HealthServer> {
  const server = createServer((request, response) => void answer(source, request, response));
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `health server: cannot listen on ${host}:${port} (${code}): choose another port, or 0 for any`,
      { cause: error },
    );
  }
  return { host, port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

/** Closing it twice is no error. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly allow?: string;
}

async function answer(
  source: HealthSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, contentType, text, allow } = await answerTo(source, request);
  const headers = { 'content-type': contentType, 'cache-control': 'no-store' };
  response.writeHead(status, allow === undefined ? headers : { ...headers, allow });
  response.end(text);
}

async function answerTo(source: HealthSource, { method, url = '/' }: IncomingMessage): Promise<Answer> {
  const path = url.split('?', 1)[0] ?? '/';
  if (!PATHS.includes(path)) {
    return problem(404, 'There is no such thing', `path '${path}': allowed are ${PATHS.join(', ')}`, path);
  }
  if (method !== 'GET' && method !== 'HEAD') {
    const document = problem(405, 'Not with this method', `method ${method}: allowed are GET and HEAD`, path);
    return { ...document, allow: 'GET, HEAD' };
  }
  try {
    return await ANSWERS[path as Path](source);
  } catch (error) {
    return problem(503, 'Not at the moment', `${path} cannot be answered: ${(error as Error).message}`, path);
  }
}

type Path = '/livez' | '/readyz' | '/metrics';

const ANSWERS: Readonly<Record<Path, (source: HealthSource) => Promise<Answer> | Answer>> = {
  '/livez': () => json(200, { status: 'ok' }),
  '/readyz': readiness,
  '/metrics': async (source) => ({
    status: 200,
    contentType: METRICS_CONTENT_TYPE,
    text: await source.metrics(),
  }),
};

const PATHS: readonly string[] = Object.keys(ANSWERS);

async function readiness(source: HealthSource): Promise<Answer> {
  const { isReady, reasons, units } = await source.health();
  if (isReady) return json(200, { status: 'ok', units });
  return problem(503, 'Not ready', reasons.join('; '), '/readyz', { reasons, units });
}

function json(status: number, document: object, contentType = 'application/json'): Answer {
  return { status, contentType, text: `${JSON.stringify(document)}\n` };
}

/** A problem document (RFC 9457). */
function problem(status: number, title: string, detail: string, instance: string, more: object = {}): Answer {
  return json(
    status,
    { type: 'about:blank', title, status, detail, instance, ...more },
    'application/problem+json',
  );
}
