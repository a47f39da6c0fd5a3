/** `GET` and `POST /api/definitions`, whole or of one vhost: for administrators. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { objectNotFound } from '../api-error.ts';
import { callerOf, requireAccess } from '../caller.ts';
import { readDefinitionFile } from '../definitions/definition-file.ts';
import { exportDefinitions, exportVhostDefinitions } from '../definitions/exported-definitions.ts';
import { importDefinitions } from '../definitions/import-definitions.ts';
import type { ManagementContext } from '../management-context.ts';
import { CHANGED, type Change, type ChangeRequest, changeRoute } from './change-request.ts';

/** About 80 000 queues. */
const DEFINITIONS_BYTES_MAX = 10 * 2 ** 20;

interface ExportRequest {
  Params: { vhost?: string };
  Querystring: { download?: string | string[] };
}

export function definitionChanges(app: FastifyInstance, context: ManagementContext): void {
  const limits = { bodyLimit: DEFINITIONS_BYTES_MAX };
  app.get<ExportRequest>('/definitions', (request, reply) => {
    requireAccess(callerOf(request), 'administrator');
    return answerFile(request, reply, exportDefinitions(context.broker));
  });
  app.get<ExportRequest>('/definitions/:vhost', (request, reply) => {
    requireAccess(callerOf(request), 'administrator');
    const vhost = context.broker.vhosts.get(request.params.vhost ?? '');
    if (vhost === undefined) throw objectNotFound();
    return answerFile(request, reply, exportVhostDefinitions(context.broker, vhost));
  });
  changeRoute(app, context, 'POST', '/definitions', importAll, limits);
  changeRoute(app, context, 'POST', '/definitions/:vhost', importIntoVhost, limits);
}

async function importAll(request: ChangeRequest): Promise<Change> {
  request.require('administrator');
  await importDefinitions(request.context, await readDefinitionFile(request.body));
  return CHANGED;
}

async function importIntoVhost(request: ChangeRequest): Promise<Change> {
  request.require('administrator');
  const vhost = request.vhost();
  await importDefinitions(request.context, await readDefinitionFile(request.body, vhost.name));
  return CHANGED;
}

/** `download`: the name of a file that a browser is to keep it as. */
async function answerFile(
  { query }: FastifyRequest<ExportRequest>,
  reply: FastifyReply,
  json: Promise<string>,
): Promise<FastifyReply> {
  const text = await json;
  const name = [query.download].flat()[0];
  if (name !== undefined) reply.header('content-disposition', `attachment; filename="${fileName(name)}"`);
  return reply.type('application/json').send(text);
}

/** Without what would end the header, or lead somewhere. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').slice(0, 100);
}
