/** Replaying messages: a job for each request, which goes on when the request is answered. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import { jsonBody } from './json-body.ts';
import { moverOf, moverToOrigin } from './message-mover.ts';
import { problemNotFound } from './problem.ts';
import { refuseDuringAlarm } from './publish-message.ts';
import { replayInputOf } from './replay-input.ts';
import { ReplayJob } from './replay-job.ts';
import { ReplayJobs } from './replay-jobs.ts';
import {
  REPLAY_LIST_SCHEMA,
  REPLAY_SHOW_SCHEMA,
  REPLAY_START_SCHEMA,
  REPLAY_STOP_SCHEMA,
} from './replay-schema.ts';
import { type QueueParams, queueFor } from './v1-session.ts';

interface ReplayParams extends QueueParams {
  readonly id: string;
}

export function replayRoutes(app: FastifyInstance, context: ManagementContext): void {
  const jobs = new ReplayJobs(context.broker.runtime);
  app.addHook('preClose', (done) => {
    jobs.stopAll('the broker stops');
    done();
  });
  app.post('/queues/:vhost/:queue/replays', { schema: REPLAY_START_SCHEMA }, (request, reply) =>
    start(context, jobs, request, reply),
  );
  app.get('/queues/:vhost/:queue/replays', { schema: REPLAY_LIST_SCHEMA }, async (request) => {
    const { queue } = queueFor(context, request);
    const shown = jobs.of(queue);
    const work = await SlicedWork.begin();
    for (const job of shown) await job.look(work);
    return { replays: shown.map((job) => job.json()) };
  });
  app.get('/queues/:vhost/:queue/replays/:id', { schema: REPLAY_SHOW_SCHEMA }, async (request) => {
    const job = jobFor(context, jobs, request);
    await job.look(await SlicedWork.begin());
    return job.json();
  });
  app.delete('/queues/:vhost/:queue/replays/:id', { schema: REPLAY_STOP_SCHEMA }, (request) => {
    const job = jobFor(context, jobs, request);
    const { session } = queueFor(context, request);
    job.stop(`user '${session.username}' stopped it`);
    return job.json();
  });
}

function start(
  context: ManagementContext,
  jobs: ReplayJobs,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { broker } = context;
  const { session, queue } = queueFor(context, request);
  const input = replayInputOf(jsonBody(request));
  const mover =
    input.to === undefined ? moverToOrigin(session, queue) : moverOf(broker, session, queue, input.to);
  refuseDuringAlarm(broker);
  jobs.requireRoom();
  const job = new ReplayJob(context, session, queue, input, mover);
  jobs.add(job);
  void job.run();
  const path = request.url.split('?', 1)[0];
  return reply.code(202).header('location', `${path}/${job.id}`).send(job.json());
}

function jobFor(context: ManagementContext, jobs: ReplayJobs, request: FastifyRequest): ReplayJob {
  const { id } = request.params as ReplayParams;
  const { queue } = queueFor(context, request);
  const job = jobs.find(queue, id);
  if (job !== undefined) return job;
  throw problemNotFound(
    `queue '${queue.name}' has no replay '${id}': one that has ended is shown for an hour, and none after a restart`,
  );
}
