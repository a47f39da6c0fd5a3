import { text } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { isTrueAt, listAt, numberAt, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import type { Command } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { option, toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, type ListColumn, listVerb, numberColumn, textColumn } from './list-verb.ts';
import { showVerb } from './show-verb.ts';
import { numberText, rateText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

export const vhostsCommand: Command = apiCommand({
  name: 'vhosts',
  summary: 'List, add and delete virtual hosts',
  about: `
Lists vhosts with the messages in their queues. A vhost has queues, exchanges,
policies and permissions of its own.`,
  verbs: [
    listVerb({
      path: 'vhosts',
      plural: 'vhosts',
      ofVhost: 'none',
      summary: 'list vhosts',
      columns: [
        fieldColumn('name', 'name'),
        numberColumn('ready', (vhost) => numberAt(vhost, 'messages_ready') ?? 0, numberText),
        numberColumn('unacked', (vhost) => numberAt(vhost, 'messages_unacknowledged') ?? 0, numberText),
        rate('in', 'publish'),
        rate('out', 'deliver_get'),
        textColumn('tracing', (vhost) => (isTrueAt(vhost, 'tracing') ? 'on' : 'off'), 3),
        textColumn('tags', (vhost) => visible(listAt(vhost, 'tags').join(',')), 2),
        fieldColumn('description', 'description', 1),
      ],
      nameOf: (vhost) => textAt(vhost, 'name'),
    }),
    showVerb({
      thing: 'vhost',
      vhosts: 'none',
      pathOf: (_, name) => vhostPath(name),
      textOf: (_, name) => vhostText(name),
    }),
    verb({
      name: 'add',
      summary: 'add a vhost',
      operands: [{ name: 'VHOST' }],
      flags: {
        description: option(text('text'), 'what it is for'),
        tags: option(text('tags'), 'with commas between them'),
        tracing: toggle('copy what is published and delivered to amq.rabbitmq.trace'),
      },
      vhosts: 'none',
      run(invocation) {
        const {
          flags: { description, tags, tracing },
          operands: [name = ''],
        } = invocation;
        const body = {
          ...(description === undefined ? {} : { description }),
          ...(tags === undefined ? {} : { tags }),
          ...(tracing ? { tracing } : {}),
        };
        const text = vhostText(name);
        const request = { method: 'PUT', path: vhostPath(name), body } as const;
        return change(invocation, request, `Added ${text}.`, `There is ${text} already.`);
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete a vhost with its queues and all messages in them',
      operands: [{ name: 'VHOST' }],
      flags: {},
      vhosts: 'none',
      run(invocation) {
        const {
          operands: [name = ''],
        } = invocation;
        const request = { method: 'DELETE', path: vhostPath(name), about: vhostText(name) } as const;
        return change(invocation, request, `Deleted ${vhostText(name)}.`);
      },
    }),
  ],
  examples: [
    ["leveret vhosts add shop --description 'orders and mail'", 'a vhost; see leveret permissions set'],
  ],
});

function rate(title: string, event: string): ListColumn {
  const read = (vhost: unknown): number => numberAt(vhost, `message_stats.${event}_details.rate`) ?? 0;
  return numberColumn(title, read, rateText, 4);
}

function vhostPath(name: string): string {
  return `/api/vhosts/${segment(name)}`;
}

function vhostText(name: string): string {
  return `vhost '${name}'`;
}
