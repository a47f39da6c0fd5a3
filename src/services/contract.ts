import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A schema of any library that follows Standard Schema (zod, valibot, arktype, ...): what is sent, and what a handler gets of it. */
export type Schema<Sent = unknown, Got = Sent> = StandardSchemaV1<Sent, Got>;

/**
 * A kind of message that services share: its name, what it carries, and who may get it. Made by `command` or `event`.
 * `key` is a method, so that a contract of one payload fits where a contract of any payload is asked for.
 */
interface ContractBase<Sent, Got> {
  /** Of the exchange, and the `type` of its messages. */
  readonly name: string;
  readonly schema: Schema<Sent, Got>;
  /** Whether messages have a key. */
  readonly hasKey: boolean;
  /** Messages with the same key keep their order where a handler asks for that. */
  key?(payload: Got): string;
}

declare const replyTypes: unique symbol;

/** A message with one owner, who may answer it. */
export interface Command<Sent = unknown, Got = Sent, ReplySent = unknown, ReplyGot = ReplySent>
  extends ContractBase<Sent, Got> {
  readonly kind: 'command';
  readonly reply: Schema<ReplySent, ReplyGot> | undefined;
  /** Only for types: a reply is neither wider nor narrower than its schema. */
  readonly [replyTypes]?: (sent: ReplySent, got: ReplyGot) => [ReplySent, ReplyGot];
}

/** A message with any number of subscribers, who do not answer. */
export interface Event<Sent = unknown, Got = Sent> extends ContractBase<Sent, Got> {
  readonly kind: 'event';
  readonly reply: undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a contract of whatever payload; nothing else is both wider and narrower than all
export type AnyCommand = Command<any, any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyEvent = Event<any, any>;
export type AnyContract = AnyCommand | AnyEvent;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyCommandWithoutReply = Command<any, any, void, void>;

/** What `send`, `call` and `publish` take. */
export type SentBy<C> =
  C extends Command<infer Sent, infer _Got, infer _RS, infer _RG>
    ? Sent
    : C extends Event<infer Sent, infer _Got>
      ? Sent
      : never;

/** What a handler gets. */
export type GotBy<C> =
  C extends Command<infer _Sent, infer Got, infer _RS, infer _RG>
    ? Got
    : C extends Event<infer _Sent, infer Got>
      ? Got
      : never;

/** What the handler of a command answers. */
export type ReplySentTo<C> =
  C extends Command<infer _S, infer _G, infer ReplySent, infer _RG> ? ReplySent : never;

/** What `call` resolves with. */
export type ReplyGotFrom<C> =
  C extends Command<infer _S, infer _G, infer _RS, infer ReplyGot> ? ReplyGot : never;

export interface CommandOptions<Got, ReplySent, ReplyGot> {
  /** What its owner answers. Nothing unless given. */
  readonly reply?: Schema<ReplySent, ReplyGot>;
  /** Messages with the same key keep their order for handlers with `ordered`. */
  key?(payload: Got): string;
}

export interface EventOptions<Got> {
  /** Messages with the same key keep their order for handlers with `ordered`. */
  key?(payload: Got): string;
}

/**
 * A message with one owner: `send` it, or `call` it for its reply.
 *
 * @example
 * export const placeOrder = command('orders.place', z.object({ orderId: z.string() }), {
 *   reply: z.object({ status: z.enum(['accepted', 'rejected']) }),
 *   key: (order) => order.orderId,
 * });
 */
export function command<Sent, Got, ReplySent = void, ReplyGot = ReplySent>(
  name: string,
  schema: Schema<Sent, Got>,
  options: CommandOptions<NoInfer<Got>, ReplySent, ReplyGot> = {},
): Command<Sent, Got, ReplySent, ReplyGot> {
  return {
    kind: 'command',
    name: checkedName('command', name),
    schema,
    reply: options.reply,
    ...keyOf(options),
  };
}

/** A message with any number of subscribers: `publish` it. */
export function event<Sent, Got>(
  name: string,
  schema: Schema<Sent, Got>,
  options: EventOptions<NoInfer<Got>> = {},
): Event<Sent, Got> {
  return { kind: 'event', name: checkedName('event', name), schema, reply: undefined, ...keyOf(options) };
}

function keyOf<Got>({ key }: EventOptions<Got>): { hasKey: boolean; key?(payload: Got): string } {
  return key === undefined ? { hasKey: false } : { hasKey: true, key };
}

/** It becomes the name of an exchange and of queues. */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/i;
const NAME_LENGTH_MAX = 100;

export function checkedName(kind: string, name: string): string {
  if (NAME.test(name) && name.length <= NAME_LENGTH_MAX && !name.startsWith('amq.')) return name;
  throw new TypeError(
    `name of ${kind === 'event' ? 'an' : 'a'} ${kind}: found '${name}'; allowed: letters and digits with single dots, dashes or underscores between them, at most ${NAME_LENGTH_MAX} characters, not beginning with 'amq.'`,
  );
}
