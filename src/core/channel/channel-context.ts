import type { MethodArguments, MethodName } from '../../codec/methods.ts';
import type { ChannelError } from '../errors.ts';
import type { Output } from '../output.ts';
import type { ExclusiveOwner } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { Session } from '../session/session.ts';
import type { BrokerSettings } from '../settings.ts';
import type { CounterActivity } from '../statistics/counter-activity.ts';
import type { MessageCounters } from '../statistics/message-counters.ts';
import type { GivenResult } from './held-results.ts';
import type { ReplyConsumers } from './reply-consumers.ts';
import type { Transaction } from './transaction.ts';

/** The connection of a channel, as far as the parts of a channel need it. */
export interface ChannelConnection extends ExclusiveOwner {
  readonly name: string;
  readonly settings: BrokerSettings;
  readonly output: Output;
  /** Largest frame to send, in bytes. */
  readonly frameMax: number;
  readonly isPublisher: boolean;
  /** Of results that its channels hold until their deliveries are settled. */
  heldResultBytes: number;
  becomePublisher(): void;
  /** Whether the client announced a capability. */
  clientHas(capability: string): boolean;
}

/** A channel as its parts see it: what they share, and how they speak to the client. */
export interface ChannelContext {
  readonly number: number;
  readonly connection: ChannelConnection;
  readonly session: Session;
  readonly runtime: Runtime;
  readonly replyConsumers: ReplyConsumers;
  readonly counters: MessageCounters;
  readonly activity: CounterActivity;
  /** In transaction mode since tx.select. */
  readonly transaction: Transaction | undefined;
  /** The name that an empty queue name stands for. */
  lastQueueName: string | undefined;
  /** Under which direct replies reach this channel. */
  replyAddress: string | undefined;
  /** Sends a method on this channel. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void;
  /**
   * The same, once all that happened by now is durable. No later frame of the client is handled before that: answers keep
   * their order. With a store that nothing survives in it is sent at once.
   */
  sendDurable<N extends MethodName>(name: N, args: MethodArguments<N>): void;
  /** Calls `resume` when `sendDurable` would send. What it throws is an error of the frame at hand. */
  whenDurable(resume: () => void): void;
  /** The client gives the result of a delivery. 406 when that is not outstanding, or too much is held. */
  holdResult(given: GivenResult): void;
  /** Something was published that is to be confirmed once it is durable. Runs per message. */
  awaitDurable(): void;
  /** Closes the channel because of an error that no frame of the client is the direct cause of. */
  fail(error: ChannelError): void;
  /** Direct replies reach this channel no more. */
  forgetReplyAddress(): void;
}
