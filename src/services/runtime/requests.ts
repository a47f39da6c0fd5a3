import type { Client } from '../../client/amqp-client.ts';
import { CallFailed, Refused, Returned } from '../../client/client-failures.ts';
import type { IncomingMessage } from '../../client/incoming-message.ts';
import { MessageIds } from '../../client/message-ids.ts';
import type { OutgoingMessage } from '../../client/outgoing-message.ts';
import { pause } from '../clock.ts';
import type { CallOptions } from '../context.ts';
import type { AnyCommand, AnyContract, ReplyGotFrom } from '../contract.ts';
import { validated } from '../schema.ts';
import { NoConsumer, Rejected, Timeout } from '../service-failures.ts';
import type { TraceHeaders } from '../telemetry/instruments.ts';
import { NO_TRACE } from '../telemetry/trace-context.ts';
import { HEADER, NO_KEY, slotOf, slotRoutingKey } from '../wire.ts';
import type { EmitAppOptions, ResultOptions } from './app.ts';
import type { DeclaredExchanges } from './declared-exchanges.ts';
import type { Environment } from './environment.ts';
import { bodyOf, JSON_TYPE, routingKeyOf } from './outgoing.ts';

const TIMEOUT_MS = 30_000;
/** Pauses between two questions for a result: they double from the first to the last. */
const ASK_AGAIN_MS = 50;
const ASK_AGAIN_MAX_MS = 1_000;

/** Who sends, for `app-id`, and in which trace. */
export interface Asker {
  readonly appId: string | undefined;
  readonly headers: TraceHeaders;
}

/** Sends commands and events at once, and waits for replies. One for all services of a process. */
export class Requests {
  readonly #client: Client;
  readonly #exchanges: DeclaredExchanges;
  readonly #environment: Environment;
  readonly #ids: MessageIds = new MessageIds();

  constructor(client: Client, exchanges: DeclaredExchanges, environment: Environment) {
    this.#client = client;
    this.#exchanges = exchanges;
    this.#environment = environment;
  }

  newId(): string {
    return this.#ids.next();
  }

  /** Publishes one message, and resolves with its id when the broker has it. */
  async publish(
    contract: AnyContract,
    payload: unknown,
    options: EmitAppOptions,
    asker: Asker,
  ): Promise<string> {
    const { messageId = this.newId(), signal } = options;
    const message = await this.#message(contract, payload, messageId, asker);
    try {
      const mandatory = contract.kind === 'command';
      return await this.#client.publish(
        message,
        signal === undefined ? { mandatory } : { mandatory, signal },
      );
    } catch (reason) {
      throw this.#explained(contract, messageId, reason);
    }
  }

  async call<C extends AnyCommand>(
    command: C,
    payload: unknown,
    options: CallOptions,
    asker: Asker,
  ): Promise<ReplyGotFrom<C>> {
    const { messageId = this.newId(), timeoutMs = TIMEOUT_MS, signal } = options;
    const message = await this.#message(command, payload, messageId, asker);
    const deadline = new Deadline(
      this.#environment,
      signal,
      new Timeout(command.name, messageId, timeoutMs),
      timeoutMs,
    );
    try {
      return await this.#replyOf(command, await this.#ask(message, deadline));
    } catch (reason) {
      throw this.#explained(command, messageId, reason);
    } finally {
      deadline.end();
    }
  }

  /** Asks the service for what it keeps of a command, again and again until it was handled. `routingKey` is that of the command. */
  async result<C extends AnyCommand>(
    command: C,
    messageId: string,
    options: ResultOptions,
  ): Promise<ReplyGotFrom<C>> {
    const { timeoutMs = TIMEOUT_MS, signal } = options;
    const deadline = new Deadline(
      this.#environment,
      signal,
      new Timeout(command.name, messageId, timeoutMs),
      timeoutMs,
    );
    try {
      return await this.#replyOf(command, await this.#askUntilHandled(command, messageId, deadline));
    } catch (reason) {
      throw this.#explained(command, messageId, reason);
    } finally {
      deadline.end();
    }
  }

  async #askUntilHandled(
    command: AnyCommand,
    messageId: string,
    deadline: Deadline,
  ): Promise<IncomingMessage> {
    const declaring = this.#exchanges.ensure(command.name);
    if (declaring !== undefined) await declaring;
    const question: OutgoingMessage = {
      exchange: command.name,
      // any instance can answer, whatever partition it has
      routingKey: command.hasKey ? slotRoutingKey(slotOf(messageId)) : NO_KEY,
      body: new Uint8Array(0),
      contentType: JSON_TYPE,
      persistent: false,
      messageId,
      type: command.name,
      headers: { [HEADER.resultOnly]: true },
    };
    for (let pauseMs = ASK_AGAIN_MS; ; pauseMs = Math.min(pauseMs * 2, ASK_AGAIN_MAX_MS)) {
      try {
        return await this.#ask(question, deadline);
      } catch (reason) {
        if (!isPending(reason)) throw reason;
      }
      await pause(this.#environment.clock, pauseMs, deadline.signal);
    }
  }

  /** The time that is left is the message's: nobody handles it when nobody waits any more. */
  #ask(message: OutgoingMessage, deadline: Deadline): Promise<IncomingMessage> {
    const expirationMs = Math.max(1, deadline.leftMs);
    return this.#client.call(
      { ...message, expirationMs, correlationId: this.newId() },
      { timeoutMs: Number.POSITIVE_INFINITY, signal: deadline.signal },
    );
  }

  /** Checks a payload, and makes its message. The exchange is there then. */
  async #message(
    contract: AnyContract,
    payload: unknown,
    messageId: string,
    { appId, headers }: Asker,
  ): Promise<OutgoingMessage> {
    const what = `${contract.kind} '${contract.name}'`;
    const checked = validated(what, contract.schema, payload);
    const got = checked instanceof Promise ? await checked : checked;
    const declaring = this.#exchanges.ensure(contract.name);
    if (declaring !== undefined) await declaring;
    const message = {
      exchange: contract.name,
      routingKey: routingKeyOf(contract, got),
      body: bodyOf(what, payload),
      contentType: JSON_TYPE,
      messageId,
      type: contract.name,
      timestamp: new Date(this.#environment.clock.nowMs()),
    };
    if (appId === undefined && headers === NO_TRACE) return message;
    return { ...message, ...(appId !== undefined && { appId }), ...(headers !== NO_TRACE && { headers }) };
  }

  async #replyOf<C extends AnyCommand>(command: C, answer: IncomingMessage): Promise<ReplyGotFrom<C>> {
    if (command.reply === undefined) return undefined as ReplyGotFrom<C>;
    const what = `reply to command '${command.name}'`;
    return (await validated(what, command.reply, answer.json())) as ReplyGotFrom<C>;
  }

  /** Errors of the client as those of services. */
  #explained(contract: AnyContract, messageId: string, reason: unknown): unknown {
    if (reason instanceof Returned) {
      return new NoConsumer(
        contract.name,
        `no queue takes it (message ${messageId}); start the service that handles it, once at least, on this broker`,
      );
    }
    if (reason instanceof CallFailed) return new Rejected(contract.name, reason.reason);
    if (reason instanceof Refused && reason.replyCode === 404) this.#exchanges.forget(contract.name);
    return reason;
  }
}

/** On an answer: the command was not handled yet. */
export const PENDING = 'pending';
/** On an answer: asking again does not help. */
export const REJECTED = 'rejected';

function isPending(reason: unknown): boolean {
  return reason instanceof CallFailed && reason.headers.get(HEADER.errorKind) === PENDING;
}

/** Until when somebody waits: aborts with the failure when that time has come, by the clock of the services. */
class Deadline {
  readonly signal: AbortSignal;
  readonly #environment: Environment;
  readonly #endMs: number;
  readonly #end: () => void;

  constructor(environment: Environment, signal: AbortSignal | undefined, failure: Error, timeoutMs: number) {
    const controller = new AbortController();
    const timer = environment.clock.setTimer(timeoutMs, () => controller.abort(failure));
    this.#environment = environment;
    this.#endMs = environment.clock.nowMs() + timeoutMs;
    this.#end = () => timer.cancel();
    this.signal = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  }

  get leftMs(): number {
    return this.#endMs - this.#environment.clock.nowMs();
  }

  end(): void {
    this.#end();
  }
}
