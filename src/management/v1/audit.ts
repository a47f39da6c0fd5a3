/** `GET /v1/audit`: who changed what, for administrators. */
import type { FastifyInstance } from 'fastify';
import { auditEntryJson } from '../audit-log.ts';
import { callerOf, requireAccess } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

const SCHEMA = {
  tags: ['audit'],
  summary: 'The latest changes and log-ins over HTTP',
  description:
    'The newest first; the broker keeps the latest 1000, and all of them in the file of the option audit-log.',
  querystring: {
    type: 'object',
    properties: { limit: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT } },
  },
  response: {
    200: {
      description: 'What was asked for, by whom, and what came of it',
      type: 'object',
      properties: {
        entries: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              at: { type: 'string', format: 'date-time' },
              username: { type: 'string', description: 'As it said, when the log-in was refused' },
              remote_address: { type: 'string' },
              operation: { type: 'string', examples: ['login', 'PUT /api/users/:name'] },
              object: { type: 'string', examples: ['name bob'] },
              result: { type: 'string', enum: ['done', 'refused', 'failed'] },
              detail: { type: 'string' },
            },
          },
        },
      },
    },
  },
};

export function auditListRoutes(app: FastifyInstance, { audit }: ManagementContext): void {
  app.get<{ Querystring: { limit: number } }>('/audit', { schema: SCHEMA }, (request) => {
    requireAccess(callerOf(request), 'administrator');
    const entries = audit.latest(request.query.limit).map(auditEntryJson);
    return { entries };
  });
}
