/** Moving messages from one queue to another, or through an exchange: in slices, and each message as a whole. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PublishOutcome } from '../../core/vhost/virtual-host.ts';
import { durable, type ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { jsonBody } from './json-body.ts';
import { moverOf } from './message-mover.ts';
import { MOVE_SCHEMA } from './peek-schema.ts';
import { refuseDuringAlarm } from './publish-message.ts';
import { RequestInput } from './request-input.ts';
import { queueFor } from './v1-session.ts';

const FIELDS: ReadonlySet<string> = new Set(['queue', 'exchange', 'routing_key', 'max']);

export function moveRoutes(app: FastifyInstance, context: ManagementContext): void {
  app.post('/queues/:vhost/:queue/move', { schema: MOVE_SCHEMA }, (request) => move(context, request));
}

async function move(context: ManagementContext, request: FastifyRequest): Promise<unknown> {
  const { broker } = context;
  const { session, queue } = queueFor(context, request);
  const input = new RequestInput('body', jsonBody(request) ?? {}, FIELDS);
  const asked = input.integer('max', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? Number.POSITIVE_INFINITY;
  // What comes meanwhile stays: it may be what was moved, back again.
  const max = Math.min(asked, queue.readyCount);
  const mover = moverOf(broker, session, queue, input);
  refuseDuringAlarm(broker);
  const work = await SlicedWork.begin();
  let moved = 0;
  let stoppedBy: PublishOutcome | null = null;
  while (moved < max && stoppedBy === null && !queue.deleted) {
    if (work.isDue) await work.pause();
    if (broker.storeIsBehind) await durable(context);
    const result = queue.moveNext((publication) => {
      const outcome = mover(publication);
      if (outcome !== 'routed') stoppedBy = outcome;
      return outcome === 'routed';
    });
    if (result === 'empty') break;
    if (result === 'wait') await durable(context);
    if (result === 'moved') moved++;
  }
  await durable(context);
  return { moved, left: queue.readyCount, stopped_by: stoppedBy };
}
