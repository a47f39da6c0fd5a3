/** Removing single messages from a queue, wherever they are in it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { DROP_SCHEMA } from './drop-messages-schema.ts';
import { jsonBody } from './json-body.ts';
import { placesOf } from './replay-input.ts';
import { RequestInput } from './request-input.ts';
import { fetchMessage } from './scan-queue.ts';
import { queueFor } from './v1-session.ts';

const FIELDS: ReadonlySet<string> = new Set(['positions']);

export function dropRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.delete('/queues/:vhost/:queue/messages', { schema: DROP_SCHEMA }, (request) => drop(context, request));
}

async function drop(context: ManagementContext, request: FastifyRequest): Promise<unknown> {
  const { queue } = queueFor(context, request);
  const input = new RequestInput('body', jsonBody(request), FIELDS);
  const places = placesOf('body/positions', input.raw('positions'));
  const work = await SlicedWork.begin();
  let dropped = 0;
  for (const place of places) {
    if (work.isDue) await work.pause();
    let result = queue.dropAt(place);
    while (result === 'wait') {
      await fetchMessage(context.broker, queue, place);
      result = queue.dropAt(place);
    }
    if (result === 'dropped') dropped++;
  }
  await durable(context);
  return { dropped, gone: places.length - dropped, left: queue.readyCount };
}
