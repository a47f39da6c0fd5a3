import { text, wholeNumber } from '../daemon/option-kinds.ts';
import { segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { fieldAt, listAt, numberAt, textAt } from './api/json-fields.ts';
import { EXIT_OK } from './command.ts';
import { type Flag, option, optionOr } from './grammar/flags.ts';
import { type Verb, verb } from './grammar/verb.ts';
import { queueText } from './queue-paths.ts';
import type { Output } from './terminal/output.ts';
import { amountOf } from './terminal/quantity-texts.ts';
import { visible, visibleLines } from './terminal/text-width.ts';

const FLAGS: {
  readonly count: Flag<number>;
  readonly search: Flag<string | undefined>;
} = {
  count: optionOr(wholeNumber(1, 1_000), 10, 'how many messages'),
  search: option(text('text'), 'only messages with this text in their bodies'),
};

/** `leveret dead show`: one dead letter after the other, with why it died. */
export const showVerb: Verb = verb({
  name: 'show',
  summary: 'print dead letters with their errors',
  operands: [{ name: 'QUEUE' }, { name: 'POSITION', optional: true }],
  flags: FLAGS,
  vhosts: 'vhost',
  async run({ api, output, vhost, flags, json, operands: [queue = '', position] }) {
    const about = queueText(vhost, queue);
    const limit = position === undefined ? flags.count : 1;
    const query = new URLSearchParams({ limit: String(limit) });
    if (position !== undefined) query.set('from', position);
    if (flags.search !== undefined) query.set('search', flags.search);
    const path = `/v1/queues/${segment(vhost)}/${segment(queue)}/messages?${query}`;
    const found = listAt(await api.get(path, about), 'messages');
    const messages = found.filter((each) => position === undefined || textAt(each, 'position') === position);
    if (position !== undefined && messages.length === 0)
      throw new ApiFailure('NOT_FOUND', `no message is ready at ${position} in ${about}`);
    if (json) output.json(messages);
    else for (const message of messages) output.lines(deadLetterLines(output, message));
    if (messages.length === 0) output.remark(`No message is ready in ${visible(about)}.`);
    return EXIT_OK;
  },
});

function deadLetterLines(output: Output, message: unknown): string[] {
  const [death] = listAt(message, 'headers.x-death');
  const position = textAt(message, 'position') ?? '';
  const type = textAt(message, 'properties.type');
  const title = `${position}${type === undefined ? '' : `: ${type}`}`;
  const facts: (readonly [string, string])[] = [
    ['message', textAt(message, 'properties.message_id') ?? ''],
    ['died in', deathText(death)],
    ['service', serviceText(message)],
    ['error', shown(headerOf(message, 'x-error'))],
  ];
  return [
    output.style(visible(title), 'bold'),
    ...facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `  ${name.padEnd(8)} ${visible(value)}`),
    ...stackLines(message),
    '',
    ...visibleLines(textAt(message, 'payload') ?? '')
      .split('\n')
      .map((line) => `  ${line}`),
    '',
  ];
}

function headerOf(message: unknown, name: string): unknown {
  return fieldAt(message, `headers.${name}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function deathText(death: unknown): string {
  const queue = textAt(death, 'queue');
  if (queue === undefined) return '';
  const count = numberAt(death, 'count') ?? 1;
  return `${queue}, ${textAt(death, 'reason') ?? ''}${count === 1 ? '' : ` ${count} times`}`;
}

/** What services say of a message that they gave up. */
function serviceText(message: unknown): string {
  const service = shown(headerOf(message, 'x-service'));
  if (service === '') return '';
  const attempts = Number(headerOf(message, 'x-attempts') ?? 0);
  const since = shown(headerOf(message, 'x-first-failed'));
  return `${service}, ${amountOf(attempts, 'attempt')}${since === '' ? '' : `, failed first at ${since}`}`;
}

/** Behind the first line, which is the error. */
function stackLines(message: unknown): string[] {
  const lines = shown(headerOf(message, 'x-error-stack')).split('\n').slice(1);
  return lines.map((line) => `           ${visible(line.trim())}`);
}
