/**
 * The dashboard at `/`: static files that the build puts into one directory, each also compressed beside itself.
 *
 *     index.html       asked for anew each time, so that a new version shows at once
 *     favicon.svg
 *     assets/          their names have a digest of their contents: they never change
 *
 * The page itself needs no log-in: it holds no data, and asks for all of it with the log-in of whoever looks at it.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';
import { objectNotFound } from './api-error.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const PAGE = 'index.html';
const ICON = 'favicon.svg';
const ICON_AGE = '1d';
const ASSET_AGE = '1y';

/** `directory`: where the files are, an absolute path; undefined, or without a page: `/` leads to the documentation. */
export async function registerDashboard(app: FastifyInstance, directory: string | undefined): Promise<void> {
  if (directory === undefined) {
    app.get('/', (_request, reply) => reply.redirect('/docs'));
    return;
  }
  const files: FastifyPluginAsync = (scope) => addFiles(scope, directory);
  await app.register(files);
}

async function addFiles(scope: FastifyInstance, directory: string): Promise<void> {
  await scope.register(fastifyStatic, { root: directory, serve: false, preCompressed: true });
  scope.get('/', async (_request, reply) =>
    (await isThere(join(directory, PAGE))) ? sendPage(reply) : reply.redirect('/docs'),
  );
  scope.get(`/${ICON}`, (_request, reply) => sendFile(reply, ICON, { maxAge: ICON_AGE }));
  scope.get<{ Params: { file: string } }>('/assets/:file', ({ params: { file } }, reply) => {
    if (!FILE_NAME.test(file)) throw objectNotFound();
    return sendFile(reply, `assets/${file}`, { maxAge: ASSET_AGE, immutable: true });
  });
}

const FILE_NAME = /^\w[\w.-]*$/;

function sendPage(reply: FastifyReply): FastifyReply {
  reply.header('content-security-policy', POLICY).header('cache-control', 'no-cache');
  return sendFile(reply, PAGE, { cacheControl: false });
}

/** What answers depend on besides the path: caches have to know. */
function sendFile(reply: FastifyReply, path: string, options: SendOptions): FastifyReply {
  return reply.header('vary', 'accept-encoding').sendFile(path, options);
}

interface SendOptions {
  readonly maxAge?: string;
  readonly immutable?: boolean;
  readonly cacheControl?: boolean;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
