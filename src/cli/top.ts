import { oneOf, wholeNumber } from '../daemon/option-kinds.ts';
import { ApiFailure } from './api/api-failure.ts';
import { type Command, EXIT_OK } from './command.ts';
import { apiCommand } from './grammar/api-command.ts';
import { timeSpan } from './grammar/flag-kinds.ts';
import { type Flag, optionOr, toggle } from './grammar/flags.ts';
import { type Invocation, verb } from './grammar/verb.ts';
import { Screen } from './terminal/screen.ts';
import { FRAME_LINES, type TopView, topFrame } from './top-frame.ts';
import { readTop, type TopOrder, type TopSample } from './top-sample.ts';

const INTERVAL_MS_DEFAULT = 2000;
const ORDERS: readonly TopOrder[] = ['delay', 'in', 'out', 'ready'];
const KEYS = 'd delay  i in  o out  r ready  s next order  q quit';
const ORDER_OF_KEY: ReadonlyMap<string, TopOrder> = new Map([
  ['d', 'delay'],
  ['i', 'in'],
  ['o', 'out'],
  ['r', 'ready'],
]);

const FLAGS: {
  readonly sort: Flag<TopOrder>;
  readonly interval: Flag<number>;
  readonly limit: Flag<number>;
  readonly once: Flag<boolean>;
} = {
  sort: optionOr(oneOf(ORDERS, 'order'), 'delay', 'delay, in, out or ready'),
  interval: {
    ...optionOr(timeSpan(200, 3_600_000), INTERVAL_MS_DEFAULT, 'between two looks'),
    initialText: '2s',
  },
  limit: optionOr(wholeNumber(1, 100), 20, 'queues of one look with --once'),
  once: toggle('print one look and end; so it is without a terminal'),
};

type TopInvocation = Invocation<typeof FLAGS>;

export const topCommand: Command = apiCommand({
  name: 'top',
  summary: 'Watch the queues in which messages wait longest',
  about: `
A view of the terminal that refreshes. Each queue is stalled (nothing goes out),
growing, draining, steady or idle. delay is how long what is there takes at the
rate at which messages are settled, 99 % the time within which 99 of 100 messages
were settled, oldest how long the message at the head waits, and empty in the
time until a draining queue is empty.

Keys: d, i, o and r sort by delay, in, out and ready; s takes the next order; q
ends.`,
  verbs: [
    verb({
      name: '',
      summary: 'Watch the queues in which messages wait longest',
      flags: FLAGS,
      vhosts: 'none',
      run: (invocation) =>
        invocation.flags.once || invocation.json || !invocation.output.isTerminal || !process.stdin.isTTY
          ? once(invocation)
          : watch(invocation),
    }),
  ],
  examples: [
    ['leveret top', 'watch, until q'],
    ['leveret top --once --sort ready', 'one look at the longest queues'],
  ],
});

async function once({ api, output, flags, json }: TopInvocation): Promise<number> {
  const sample = await readTop(api, flags.sort, flags.limit);
  const { width, hasColors } = output;
  if (json) output.json(sample);
  else output.lines(topFrame(sample, { order: flags.sort, shownUrl: api.shownUrl, width, hasColors }));
  return EXIT_OK;
}

/** The first look is before the screen changes: what is wrong with the command line is said on the first one. */
async function watch(invocation: TopInvocation): Promise<number> {
  const { flags, api } = invocation;
  const first = await readTop(api, flags.sort, process.stdout.rows ?? FRAME_LINES);
  const screen = new Screen(process.stdout, process.stdin);
  try {
    await new TopLoop(invocation, screen, first).run();
  } finally {
    screen.close();
  }
  return EXIT_OK;
}

/** Looks, draws, and waits for a key or the next look. */
class TopLoop {
  readonly #invocation: TopInvocation;
  readonly #screen: Screen;
  #sample: TopSample;
  #order: TopOrder;
  #trouble: string | undefined;

  constructor(invocation: TopInvocation, screen: Screen, first: TopSample) {
    this.#invocation = invocation;
    this.#screen = screen;
    this.#sample = first;
    this.#order = invocation.flags.sort;
  }

  async run(): Promise<void> {
    const { interval } = this.#invocation.flags;
    let dueMs = performance.now() + interval;
    for (;;) {
      this.#draw();
      const event = await this.#screen.next(Math.max(0, dueMs - performance.now()));
      if (event.kind === 'end' || (event.kind === 'key' && event.key === 'q')) return;
      if (event.kind === 'resize') continue;
      if (event.kind === 'key' && !this.#choose(event.key)) continue;
      await this.#look();
      dueMs = performance.now() + interval;
    }
  }

  /** Whether the order is another one now. */
  #choose(key: string): boolean {
    const next = ORDERS[(ORDERS.indexOf(this.#order) + 1) % ORDERS.length];
    const order = key === 's' ? next : ORDER_OF_KEY.get(key);
    if (order === undefined || order === this.#order) return false;
    this.#order = order;
    return true;
  }

  /** A broker that is away for a while is no reason to end: it is said, and asked again. */
  async #look(): Promise<void> {
    try {
      this.#sample = await readTop(this.#invocation.api, this.#order, this.#queuesMax);
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.#trouble = `${error.code}: ${error.message}`;
    }
  }

  #draw(): void {
    const view: TopView = {
      order: this.#order,
      shownUrl: this.#invocation.api.shownUrl,
      keys: KEYS,
      trouble: this.#trouble,
      width: this.#screen.width,
      hasColors: this.#invocation.output.hasColors,
    };
    const queues = this.#sample.queues.slice(0, this.#queuesMax);
    this.#screen.draw(topFrame({ ...this.#sample, queues }, view));
  }

  get #queuesMax(): number {
    return Math.max(1, this.#screen.height - FRAME_LINES);
  }
}
