import { OptionError } from '../daemon/option-error.ts';
import { text } from '../daemon/option-kinds.ts';
import { type ApiClient, segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { firstLine } from './api/connection-flags.ts';
import { fieldAt, listAt, textAt } from './api/json-fields.ts';
import { change } from './change.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText } from './grammar/flag-kinds.ts';
import { type Flag, type FlagValues, option, optionOr, toggle } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { fieldColumn, listVerb, textColumn } from './list-verb.ts';
import { showVerb } from './show-verb.ts';
import { pairsText } from './terminal/name-texts.ts';
import type { Output } from './terminal/output.ts';
import { pipedSecret, promptSecret } from './terminal/secret-prompt.ts';
import { visible } from './terminal/text-width.ts';

const SECRET_FLAGS: {
  readonly newPassword: Flag<string | undefined>;
  readonly newPasswordFile: Flag<string | undefined>;
} = {
  newPassword: option(
    text('password'),
    'others on this machine can see it here; without it, it is asked for',
  ),
  newPasswordFile: option(text('path'), 'a file whose first line is the new password'),
};

export const usersCommand: Command = apiCommand({
  name: 'users',
  summary: 'List, add and delete users, change passwords and tags',
  about: `
Lists users and their tags, which say what of the HTTP API they may use:
administrator, monitoring, policymaker, management, or none of it. What they may
do with queues is in leveret permissions.

A new password is asked for on the terminal; elsewhere it is the first line of
standard input.`,
  verbs: [
    listVerb({
      path: 'users',
      plural: 'users',
      ofVhost: 'none',
      summary: 'list users',
      columns: [
        fieldColumn('name', 'name'),
        textColumn('tags', tagsText),
        textColumn('password', passwordText, 1),
        textColumn('limits', (user) => pairsText(user, 'limits'), 2),
      ],
      nameOf: (user) => textAt(user, 'name'),
    }),
    showVerb({
      thing: 'user',
      vhosts: 'none',
      pathOf: (_, name) => userPath(name),
      textOf: (_, name) => userText(name),
    }),
    verb({
      name: 'add',
      summary: 'add a user',
      operands: [{ name: 'USER' }],
      flags: {
        ...SECRET_FLAGS,
        tags: optionOr(anyText('tags'), '', 'with commas between them, like monitoring,policymaker'),
        withoutPassword: toggle('it cannot log in with a password, only with a certificate or a token'),
      },
      vhosts: 'none',
      async run(invocation) {
        const {
          api,
          output,
          json,
          flags,
          operands: [name = ''],
        } = invocation;
        await refuseExisting(api, name);
        const secret = flags.withoutPassword
          ? { password_hash: '' }
          : { password: await newPassword(name, flags) };
        const body = { ...secret, tags: flags.tags };
        const done = `Added ${userText(name)}.`;
        await change(invocation, { method: 'PUT', path: userPath(name), body }, done);
        if (!json) output.remark('It may enter no vhost yet: see leveret permissions set.');
        remarkUnknownTags(output, flags.tags);
        return EXIT_OK;
      },
    }),
    verb({
      name: 'change-password',
      summary: 'give a user another password',
      operands: [{ name: 'USER' }],
      flags: SECRET_FLAGS,
      vhosts: 'none',
      async run(invocation) {
        const {
          api,
          flags,
          operands: [name = ''],
        } = invocation;
        const user = await api.get(userPath(name), userText(name));
        const body = { password: await newPassword(name, flags), tags: fieldAt(user, 'tags') };
        const done = `Changed the password of ${userText(name)}.`;
        return change(invocation, { method: 'PUT', path: userPath(name), body }, done);
      },
    }),
    verb({
      name: 'tags',
      summary: 'set the tags of a user, none when none is given',
      operands: [{ name: 'USER' }, { name: 'TAGS', optional: true }],
      flags: {},
      vhosts: 'none',
      async run(invocation) {
        const {
          api,
          output,
          operands: [name = '', tags = ''],
        } = invocation;
        const user = await api.get(userPath(name), userText(name));
        // The hash is put back as it is: a body without it would take the password away.
        const body = {
          password_hash: fieldAt(user, 'password_hash'),
          hashing_algorithm: fieldAt(user, 'hashing_algorithm'),
          tags,
        };
        const done = `${tags === '' ? 'Took all tags from' : `Set the tags ${tags} of`} ${userText(name)}.`;
        await change(invocation, { method: 'PUT', path: userPath(name), body }, done);
        remarkUnknownTags(output, tags);
        return EXIT_OK;
      },
    }),
    verb({
      name: 'delete',
      summary: 'delete a user; its connections are closed',
      operands: [{ name: 'USER' }],
      flags: {},
      vhosts: 'none',
      run(invocation) {
        const {
          operands: [name = ''],
        } = invocation;
        const request = { method: 'DELETE', path: userPath(name), about: userText(name) } as const;
        return change(invocation, request, `Deleted ${userText(name)}.`);
      },
    }),
  ],
  examples: [
    ['leveret users add alice --tags monitoring', 'the password is asked for'],
    ['leveret users add robot < robot-password.txt', 'the password is the first line of the file'],
    ['leveret users tags alice administrator', 'alice may do everything now'],
  ],
});

const KNOWN_TAGS: readonly string[] = ['administrator', 'monitoring', 'policymaker', 'management'];

/** Brokers take any tag, and plugins of RabbitMQ have some of their own: a slip of the pen is worth a word. */
function remarkUnknownTags(output: Output, tags: string): void {
  const unknown = tags
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '' && !KNOWN_TAGS.includes(tag));
  if (unknown.length === 0) return;
  const names = visible(unknown.map((tag) => `'${tag}'`).join(', '));
  output.remark(`No door opens for ${names}: the tags that open one are ${KNOWN_TAGS.join(', ')}.`);
}

/** PUT changes a user that is there: whoever says "add" does not mean that. */
async function refuseExisting(api: ApiClient, name: string): Promise<void> {
  try {
    await api.get(userPath(name), userText(name));
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'NOT_FOUND') return;
    throw error;
  }
  throw new ApiFailure('REFUSED', `there is ${userText(name)} already; see change-password and tags`);
}

async function newPassword(name: string, flags: FlagValues<typeof SECRET_FLAGS>): Promise<string> {
  if (flags.newPassword !== undefined) return flags.newPassword;
  if (flags.newPasswordFile !== undefined) return firstLine(flags.newPasswordFile, '--new-password-file');
  const what = `the new password of user '${name}'`;
  if (!process.stdin.isTTY) return pipedSecret(what);
  const [first, second] = [
    await promptSecret(`New password of ${visible(name)}: `),
    await promptSecret('Once more: '),
  ];
  if (first === '') throw new OptionError(`${what} is empty`);
  if (first !== second) throw new OptionError('the two passwords differ; nothing was changed');
  return first;
}

/** RabbitMQ before 3.9 has the tags as a text. */
function tagsText(user: unknown): string {
  const tags = listAt(user, 'tags').join(',');
  return visible(tags === '' ? (textAt(user, 'tags') ?? '') : tags);
}

function passwordText(user: unknown): string {
  const hash = textAt(user, 'password_hash');
  if (hash === undefined) return '';
  return hash === '' ? 'none' : 'set';
}

function userPath(name: string): string {
  return `/api/users/${segment(name)}`;
}

function userText(name: string): string {
  return `user '${name}'`;
}
