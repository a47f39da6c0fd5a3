import { setTimeout as sleep } from 'node:timers/promises';
import { OptionError } from '../daemon/option-error.ts';
import { text, wholeNumber } from '../daemon/option-kinds.ts';
import { amountText, countText } from '../daemon/size-text.ts';
import { type ApiClient, segment } from './api/api-client.ts';
import { ApiFailure } from './api/api-failure.ts';
import { listAt, numberAt, shortText, textAt } from './api/json-fields.ts';
import { type Command, EXIT_OK } from './command.ts';
import { showVerb } from './dead-show.ts';
import { apiCommand } from './grammar/api-command.ts';
import { anyText } from './grammar/flag-kinds.ts';
import { type Flag, type FlagValues, list, option, toggle } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { fieldColumn, type ListColumn, numberColumn, printList, textColumn } from './list-verb.ts';
import { queueText } from './queue-paths.ts';
import { exchangeText } from './terminal/name-texts.ts';
import { visible } from './terminal/text-width.ts';

/** How often the broker is asked how far a replay is. */
const FOLLOW_MS = 500;
/** Messages that are looked at for the list. */
const LOOKED_AT_MAX = 100_000;

const COLUMNS: readonly ListColumn[] = [
  numberColumn(
    'messages',
    (group) => numberAt(group, 'count'),
    (count = 0) => countText(count),
  ),
  fieldColumn('reason', 'reason'),
  fieldColumn('died in', 'queue'),
  textColumn('exchange', (group) => exchangeText(textAt(group, 'exchange')), 2),
  textColumn(
    'routing keys',
    (group) =>
      listAt(group, 'routing_keys')
        .map((key) => visible(shortText(key)))
        .join(' '),
    3,
  ),
  fieldColumn('error', 'error'),
  fieldColumn('position', 'sample_position', 1),
];

const REPLAY_FLAGS: {
  readonly reason: Flag<string | undefined>;
  readonly diedIn: Flag<string | undefined>;
  readonly error: Flag<string | undefined>;
  readonly position: Flag<readonly string[]>;
  readonly toQueue: Flag<string | undefined>;
  readonly toExchange: Flag<string | undefined>;
  readonly routingKey: Flag<string | undefined>;
  readonly rate: Flag<number | undefined>;
  readonly count: Flag<number | undefined>;
  readonly goOn: Flag<boolean>;
} = {
  reason: option(text('reason'), 'only those that died of this'),
  diedIn: option(text('queue'), 'only those that died there'),
  error: option(text('text'), 'only those with this error, as the list has it'),
  position: list(text('position'), 'only this message; can be repeated'),
  toQueue: option(text('queue'), 'put them there (each where it died)'),
  toExchange: option(anyText('exchange'), 'publish them there (each where it died)'),
  routingKey: option(anyText('key'), 'with --to-exchange: in place of what each message has'),
  rate: option(wholeNumber(1, 100_000), 'messages a second (as fast as it goes)'),
  count: option(wholeNumber(1, 1_000_000_000), 'at most so many'),
  goOn: toggle('do not stop when one of them comes back'),
};

export const deadCommand: Command = apiCommand({
  name: 'dead',
  summary: 'See dead letters in groups, replay them, or drop them',
  about: `
Dead letters are messages that were rejected, that expired, or that a queue had
no room for, in a queue that its dead-letter exchange leads to. A replay puts each
back where it died, and stops when one of them comes back.`,
  verbs: [
    verb({
      name: 'list',
      summary: 'list the dead letters of a queue in groups',
      operands: [{ name: 'QUEUE' }],
      flags: {},
      vhosts: 'vhost',
      async run(invocation) {
        const {
          api,
          output,
          vhost,
          json,
          operands: [queue = ''],
        } = invocation;
        const path = `${pathOf(vhost, queue)}/dead-letters?max=${LOOKED_AT_MAX}`;
        const answer = await api.get(path, queueText(vhost, queue));
        if (json) output.json(answer);
        else printList(invocation, { columns: COLUMNS, plural: 'messages' }, listAt(answer, 'groups'));
        return EXIT_OK;
      },
    }),
    showVerb,
    verb({
      name: 'replay',
      summary: 'put dead letters back where they died',
      operands: [{ name: 'QUEUE' }],
      flags: REPLAY_FLAGS,
      vhosts: 'vhost',
      run: replay,
    }),
    verb({
      name: 'drop',
      summary: 'remove a message from a queue, wherever it is',
      operands: [{ name: 'QUEUE' }, { name: 'POSITION' }],
      flags: {},
      vhosts: 'vhost',
      async run({ api, output, vhost, json, operands: [queue = '', position = ''] }) {
        const about = queueText(vhost, queue);
        const body = { positions: [position] };
        const request = { method: 'DELETE', path: `${pathOf(vhost, queue)}/messages`, body, about } as const;
        const answer = (await api.ask(request)).json;
        if (json) output.json(answer);
        if (numberAt(answer, 'dropped') === 0)
          throw new ApiFailure('NOT_FOUND', `no message is ready at ${position} in ${about}`);
        if (!json) output.lines([visible(`Dropped message ${position} of ${about}.`)]);
        return EXIT_OK;
      },
    }),
  ],
  examples: [
    ['leveret dead list orders.dead', 'what died of what'],
    ['leveret dead show orders.dead', 'each with its error, and where in the program it was'],
    ['leveret dead replay orders.dead --count 1', 'one, as a trial'],
    ["leveret dead replay orders.dead --error 'Timeout' --rate 10", 'a group, ten a second'],
    ['leveret dead drop orders.dead 0-17', 'by its position, as the list or get --json has it'],
  ],
});

function pathOf(vhost: string, queue: string): string {
  return `/v1/queues/${segment(vhost)}/${segment(queue)}`;
}

async function replay(invocation: Invocation<typeof REPLAY_FLAGS>): Promise<number> {
  const {
    api,
    output,
    vhost,
    flags,
    json,
    operands: [queue = ''],
  } = invocation;
  const path = `${pathOf(vhost, queue)}/replays`;
  const about = queueText(vhost, queue);
  const started = (await api.ask({ method: 'POST', path, body: bodyOf(flags), about })).json;
  const ended = await followed(api, `${path}/${segment(textAt(started, 'id') ?? '')}`, about, started);
  if (json) output.json(ended);
  else output.lines([visible(endText(ended, about))]);
  const reason = textAt(ended, 'stop_reason');
  if (reason !== undefined) throw new ApiFailure('REFUSED', `the replay ended early: ${reason}`);
  return EXIT_OK;
}

function bodyOf(flags: FlagValues<typeof REPLAY_FLAGS>): Record<string, unknown> {
  const { toQueue, toExchange, routingKey } = flags;
  if (toQueue !== undefined && toExchange !== undefined)
    throw new OptionError('options --to-queue and --to-exchange exclude each other');
  const exchange = toExchange === '' ? 'amq.default' : toExchange;
  const to = { queue: toQueue, exchange, routing_key: routingKey };
  return {
    which: whichOf(flags),
    to: Object.values(to).every((each) => each === undefined) ? undefined : to,
    rate_per_second: flags.rate,
    max: flags.count,
    stop_on_failure: !flags.goOn,
  };
}

function whichOf({ reason, diedIn, error, position }: FlagValues<typeof REPLAY_FLAGS>): unknown {
  const filter = { reason, queue: diedIn, error };
  const isFiltered = Object.values(filter).some((each) => each !== undefined);
  if (isFiltered && position.length > 0)
    throw new OptionError('option --position excludes --reason, --died-in and --error');
  if (position.length > 0) return { positions: position };
  return isFiltered ? filter : 'all';
}

/** The replay when it has ended. It goes on when nobody follows it. */
async function followed(api: ApiClient, path: string, about: string, started: unknown): Promise<unknown> {
  let shown = started;
  while (textAt(shown, 'state') === 'running') {
    await sleep(FOLLOW_MS);
    shown = await api.get(path, about);
  }
  return shown;
}

function endText(ended: unknown, about: string): string {
  const moved = amountText(numberAt(ended, 'moved') ?? 0, 'message');
  const [failed, skipped] = [numberAt(ended, 'failed') ?? 0, numberAt(ended, 'skipped') ?? 0];
  const skippedText =
    skipped === 0 ? '' : `, ${countText(skipped)} stayed: ${textAt(ended, 'skipped_because') ?? ''}`;
  return `Replayed ${moved} of ${about}; ${countText(failed)} came back${skippedText}.`;
}
