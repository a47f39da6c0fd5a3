import type { FastifyInstance } from 'fastify';
import { callerOf } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';

export function overviewRoutes(app: FastifyInstance, _context: ManagementContext): void {
  app.get('/whoami', (request) => {
    const { username, tags } = callerOf(request).identity;
    return { name: username, tags: [...tags], is_internal_user: true };
  });
}
