import { ApiFailure } from './api/api-failure.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import type { Flags } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { queuePath, queueText } from './queue-paths.ts';

export const pauseCommand: Command = apiCommand({
  name: 'pause',
  summary: 'Stop a queue from delivering',
  about: `
Stops a queue from delivering: messages come in and stay, consumers wait. It
stays so over a restart of the broker, until leveret resume.`,
  verbs: [
    verb({
      name: '',
      summary: 'Stop a queue from delivering',
      operands: [{ name: 'QUEUE' }],
      flags: {},
      vhosts: 'vhost',
      run: (invocation) => setPaused(invocation, 'pause', 'Paused'),
    }),
  ],
  examples: [['leveret pause orders', 'consumers of orders get nothing more']],
});

export const resumeCommand: Command = apiCommand({
  name: 'resume',
  summary: 'Let a paused queue deliver again',
  about: `
Lets a queue that was paused deliver again.`,
  verbs: [
    verb({
      name: '',
      summary: 'Let a paused queue deliver again',
      operands: [{ name: 'QUEUE' }],
      flags: {},
      vhosts: 'vhost',
      run: (invocation) => setPaused(invocation, 'resume', 'Resumed'),
    }),
  ],
  examples: [['leveret resume orders', 'consumers of orders go on']],
});

async function setPaused(
  invocation: Invocation<Flags>,
  action: 'pause' | 'resume',
  done: string,
): Promise<number> {
  const {
    api,
    vhost,
    operands: [name = ''],
  } = invocation;
  const about = queueText(vhost, name);
  const path = `${queuePath(vhost, name)}/${action}`;
  try {
    return await change(invocation, { method: 'PUT', path, about }, `${done} ${about}.`);
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'NOT_SUPPORTED')) throw error;
    await api.get(queuePath(vhost, name), about);
    throw new ApiFailure(
      'NOT_SUPPORTED',
      `the broker at ${api.shownUrl} cannot ${action} queues: it needs Leveret`,
    );
  }
}
