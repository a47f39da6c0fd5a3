import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { verb } from './grammar/verb.ts';
import { queuePath, queueText } from './queue-paths.ts';

export const purgeCommand: Command = apiCommand({
  name: 'purge',
  summary: 'Remove all ready messages of a queue',
  about: `
Removes all messages of a queue that are ready. Those that are delivered and not
acknowledged stay. Nothing brings the removed ones back.`,
  verbs: [
    verb({
      name: '',
      summary: 'Remove all ready messages of a queue',
      operands: [{ name: 'QUEUE' }],
      flags: {},
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          operands: [name = ''],
        } = invocation;
        const text = queueText(vhost, name);
        const path = `${queuePath(vhost, name)}/contents`;
        return change(invocation, { method: 'DELETE', path, about: text }, `Purged ${text}.`);
      },
    }),
  ],
  examples: [['leveret purge orders', 'leave nothing of orders but what consumers hold']],
});
