import { text } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { textAt } from './api/json-fields.ts';
import { readList } from './api/read-list.ts';
import { change } from './change.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText } from './grammar/flag-kinds.ts';
import { option, optionOr } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, type ListColumn, listVerb, printList } from './list-verb.ts';
import { exchangeText } from './terminal/name-texts.ts';

const USER_AND_VHOST: readonly ListColumn[] = [fieldColumn('user', 'user'), fieldColumn('vhost', 'vhost')];

export const permissionsCommand: Command = apiCommand({
  name: 'permissions',
  summary: 'List, set and clear what users may do in vhosts',
  about: `
Lists what users may do in which vhost. Each permission is a regular expression
of the names of queues and exchanges: those that the user may configure (declare
and delete), write (publish to) and read (consume from). A user without
permissions in a vhost cannot enter it.`,
  verbs: [
    listVerb({
      path: 'permissions',
      plural: 'permissions',
      ofVhost: 'below-vhost',
      summary: 'list permissions',
      columns: [
        ...USER_AND_VHOST,
        fieldColumn('configure', 'configure'),
        fieldColumn('write', 'write'),
        fieldColumn('read', 'read'),
      ],
      nameOf: (permission) => textAt(permission, 'user'),
    }),
    verb({
      name: 'set',
      summary: 'let a user into a vhost, and say what it may do there',
      operands: [{ name: 'USER' }],
      flags: {
        configure: optionOr(anyText('pattern'), '.*', 'what it may declare and delete; ^$ is nothing'),
        write: optionOr(anyText('pattern'), '.*', 'what it may publish to'),
        read: optionOr(anyText('pattern'), '.*', 'what it may consume from'),
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags: { configure, write, read },
          operands: [user = ''],
        } = invocation;
        const request = {
          method: 'PUT',
          path: permissionPath('permissions', vhost, user),
          body: { configure, write, read },
          about: `user '${user}', or no vhost '${vhost}'`,
        } as const;
        return change(invocation, request, `Set the permissions of user '${user}' in vhost '${vhost}'.`);
      },
    }),
    verb({
      name: 'clear',
      summary: 'keep a user out of a vhost',
      operands: [{ name: 'USER' }],
      flags: {},
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          operands: [user = ''],
        } = invocation;
        const path = permissionPath('permissions', vhost, user);
        const about = `permission of user '${user}' in vhost '${vhost}'`;
        const done = `User '${user}' may not enter vhost '${vhost}' any more.`;
        return change(invocation, { method: 'DELETE', path, about }, done);
      },
    }),
    verb({
      name: 'topics',
      summary: 'list what users may do by routing key at topic exchanges',
      flags: {},
      vhosts: 'vhosts',
      async run(invocation) {
        const { api, givenVhost } = invocation;
        const scope = givenVhost === undefined ? '' : `vhosts/${segment(givenVhost)}/`;
        const found = await readList(api, `/api/${scope}topic-permissions`);
        printList(invocation, { columns: TOPIC_COLUMNS, plural: 'topic permissions' }, found);
        return EXIT_OK;
      },
    }),
    verb({
      name: 'set-topic',
      summary: 'say which routing keys a user may use at a topic exchange',
      operands: [{ name: 'USER' }, { name: 'EXCHANGE' }],
      flags: {
        write: optionOr(anyText('pattern'), '.*', 'of the routing keys it may publish with'),
        read: optionOr(anyText('pattern'), '.*', 'of the routing keys it may bind with'),
      },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags: { write, read },
          operands: [user = '', exchange = ''],
        } = invocation;
        const request = {
          method: 'PUT',
          path: permissionPath('topic-permissions', vhost, user),
          body: { exchange, write, read },
          about: `user '${user}', or no vhost '${vhost}'`,
        } as const;
        const done = `Set the topic permissions of user '${user}' at exchange '${exchange}' in vhost '${vhost}'.`;
        return change(invocation, request, done);
      },
    }),
    verb({
      name: 'clear-topic',
      summary: 'take the limits of routing keys away again',
      operands: [{ name: 'USER' }],
      flags: { exchange: option(text('name'), 'only at this exchange (all)') },
      vhosts: 'vhost',
      run(invocation) {
        const {
          vhost,
          flags,
          operands: [user = ''],
        } = invocation;
        const at = flags.exchange === undefined ? '' : `/${segment(flags.exchange)}`;
        const path = `${permissionPath('topic-permissions', vhost, user)}${at}`;
        const about = `topic permission of user '${user}' in vhost '${vhost}'`;
        const done = `Cleared the topic permissions of user '${user}' in vhost '${vhost}'.`;
        return change(invocation, { method: 'DELETE', path, about }, done);
      },
    }),
  ],
  examples: [
    ['leveret permissions set alice', 'alice may do everything in /'],
    [
      "leveret permissions set robot --configure '^$' --write '^orders$' --read '^$'",
      'publish to orders, no more',
    ],
  ],
});

const TOPIC_COLUMNS: readonly ListColumn[] = [
  ...USER_AND_VHOST,
  { title: 'exchange', align: 'left', cell: (permission) => exchangeText(textAt(permission, 'exchange')) },
  fieldColumn('write', 'write'),
  fieldColumn('read', 'read'),
];

function permissionPath(kind: 'permissions' | 'topic-permissions', vhost: string, user: string): string {
  return `/api/${kind}/${segment(vhost)}/${segment(user)}`;
}
