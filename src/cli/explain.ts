import { text } from '../daemon/option-kinds.ts';
import { amountText } from '../daemon/size-text.ts';
import { segment } from './api/api-client.ts';
import { fieldAt, isTrueAt, listAt, numberAt, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText, objectOf, pair } from './grammar/flag-kinds.ts';
import { list, option, optionOr } from './grammar/flags.ts';
import { verb } from './grammar/verb.ts';
import { exchangeText, pairsText } from './terminal/name-texts.ts';
import { numberText, spanText } from './terminal/quantity-texts.ts';
import { visible } from './terminal/text-width.ts';

export const explainCommand: Command = apiCommand({
  name: 'explain',
  summary: 'Say where a message would go, or why a queue does not drain',
  about: `
route: each exchange that the message would come to, with its bindings and why
they take it or not, and the queues in the end. Nothing is published.
queue: the reasons why messages stay in a queue, the weightiest first, and what
to do about each.`,
  needsVerb: true,
  verbs: [
    verb({
      name: 'route',
      summary: 'say where a message would go',
      operands: [{ name: 'ROUTING_KEY' }],
      flags: {
        exchange: {
          ...optionOr(anyText('name'), '', 'where it is published'),
          initialText: 'the default exchange',
        },
        header: list(pair('name=value'), 'a header of the message; can be repeated'),
        as: option(text('user'), 'whose permissions to look at, for administrators'),
      },
      vhosts: 'vhost',
      async run({ api, output, vhost, flags, json, operands: [routingKey = ''] }) {
        const query = new URLSearchParams({ vhost, exchange: flags.exchange, routing_key: routingKey });
        if (flags.header.length > 0) query.set('headers', JSON.stringify(objectOf(flags.header)));
        if (flags.as !== undefined) query.set('user', flags.as);
        const explanation = await api.get(
          `/v1/explain/route?${query}`,
          `exchange '${flags.exchange}' in vhost '${vhost}'`,
        );
        if (json) output.json(explanation);
        else output.lines(routeLines(explanation));
        return EXIT_OK;
      },
    }),
    verb({
      name: 'queue',
      summary: 'say why a queue does not drain',
      operands: [{ name: 'QUEUE' }],
      flags: {},
      vhosts: 'vhost',
      async run({ api, output, vhost, json, operands: [name = ''] }) {
        const path = `/v1/explain/queue/${segment(vhost)}/${segment(name)}`;
        const explanation = await api.get(path, `queue '${name}' in vhost '${vhost}'`);
        if (json) output.json(explanation);
        else output.lines(queueLines(explanation));
        return EXIT_OK;
      },
    }),
  ],
  examples: [
    ['leveret explain route order.created --exchange events', 'where would it go?'],
    ['leveret explain queue orders', 'why does it not drain?'],
  ],
});

function routeLines(route: unknown): string[] {
  const lines = [sentence(textAt(route, 'result') ?? '')];
  const why = textAt(route, 'permission.why') ?? textAt(route, 'permission.text');
  if (!isTrueAt(route, 'permission.allowed') && why !== undefined) lines.push(visible(why));
  for (const exchange of listAt(route, 'exchanges')) lines.push('', ...exchangeLines(exchange));
  for (const queue of listAt(route, 'queues')) lines.push('', ...targetLines(queue));
  return lines;
}

function exchangeLines(exchange: unknown): string[] {
  const matched = numberAt(exchange, 'bindings_matched') ?? 0;
  const total = numberAt(exchange, 'bindings_total') ?? 0;
  const name = exchangeText(textAt(exchange, 'exchange'));
  const lines = [
    `exchange ${name}, ${visible(textAt(exchange, 'type') ?? '')}: ${numberText(matched)} of ${amountText(total, 'binding')} match`,
  ];
  for (const binding of listAt(exchange, 'bindings')) lines.push(`  ${bindingText(binding)}`);
  const alternate = textAt(exchange, 'alternate_exchange.name');
  if (alternate !== undefined) {
    const why = visible(textAt(exchange, 'alternate_exchange.why') ?? '');
    lines.push(`  alternate exchange ${exchangeText(alternate)}: ${why}`);
  }
  return lines;
}

function bindingText(binding: unknown): string {
  const matched = fieldAt(binding, 'matched');
  const mark = matched === true ? '+' : matched === false ? '-' : '?';
  const kind = textAt(binding, 'destination_type') ?? '';
  const destination = visible(textAt(binding, 'destination') ?? '');
  const given = pairsText(binding, 'arguments');
  const key = visible(textAt(binding, 'routing_key') ?? '');
  const condition = [key === '' ? '' : `'${key}'`, given].filter((part) => part !== '').join(' ');
  const why = visible(textAt(binding, 'why') ?? '');
  return `${mark} ${kind} ${destination}${condition === '' ? '' : ` by ${condition}`}${why === '' ? '' : `: ${why}`}`;
}

function targetLines(target: unknown): string[] {
  const name = visible(textAt(target, 'queue') ?? '');
  const ready = numberText(numberAt(target, 'messages_ready') ?? 0);
  const consumers = amountText(numberAt(target, 'consumers') ?? 0, 'consumer');
  const takes = isTrueAt(target, 'takes') ? 'takes it' : 'refuses it';
  const notes = listAt(target, 'notes').map((note) => `  ${sentence(textAt(note, 'text') ?? '')}`);
  return [`queue ${name} ${takes}: ${ready} ready, ${consumers}`, ...notes];
}

function queueLines(queue: unknown): string[] {
  const name = visible(textAt(queue, 'queue') ?? '');
  const amounts = [
    `${numberText(numberAt(queue, 'messages_ready') ?? 0)} ready`,
    `${numberText(numberAt(queue, 'messages_unacknowledged') ?? 0)} unacked`,
    amountText(numberAt(queue, 'consumers') ?? 0, 'consumer'),
  ];
  const held = numberAt(queue, 'messages_held') ?? 0;
  if (held > 0) amounts.splice(2, 0, `${numberText(held)} held for later`);
  const lines = [`queue ${name}: ${visible(textAt(queue, 'state') ?? '')}; ${amounts.join(', ')}`];
  const reasons = listAt(queue, 'reasons');
  if (reasons.length === 0) lines.push('', 'Nothing keeps its messages back.');
  for (const [index, reason] of reasons.entries()) lines.push('', ...reasonLines(reason, index + 1));
  return lines;
}

function reasonLines(reason: unknown, number: number): string[] {
  const lines = [`${number}. ${sentence(textAt(reason, 'text') ?? '')}`];
  const advice = isPause(reason) ? PAUSE_ADVICE : textAt(reason, 'advice');
  if (advice) lines.push(`   To do: ${sentence(advice)}`);
  for (const consumer of listAt(reason, 'consumers')) lines.push(`   - ${consumerText(consumer)}`);
  return lines;
}

/** The broker names the request of its API: on a command line there is a command for it. */
const PAUSE_ADVICE = 'resume it with leveret resume';

function isPause(reason: unknown): boolean {
  return textAt(reason, 'reason') === 'paused';
}

function consumerText(consumer: unknown): string {
  const tag = visible(textAt(consumer, 'consumer_tag') ?? '');
  const connection = textAt(consumer, 'connection');
  const user = textAt(consumer, 'user');
  const unacked = numberAt(consumer, 'unacknowledged') ?? 0;
  const prefetch = numberAt(consumer, 'prefetch_count') ?? 0;
  const blockedMs = numberAt(consumer, 'blocked_ms');
  const who = user === undefined ? '' : ` (user ${visible(user)})`;
  const parts = [
    `consumer ${tag}${connection === undefined ? '' : ` of ${visible(connection)}${who}`}`,
    `has ${numberText(unacked)} unacked${prefetch === 0 ? '' : ` of ${numberText(prefetch)}`}`,
    blockedMs === undefined ? '' : `blocked for ${spanText(blockedMs / 1000)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** A text of the broker as a sentence of its own. */
function sentence(text: string): string {
  const shown = visible(text);
  const ending = /[.!?]$/.test(shown) ? '' : '.';
  return shown === '' ? '' : `${shown[0]?.toUpperCase()}${shown.slice(1)}${ending}`;
}
