import type { BasicProperties } from '../../src/codec/properties.ts';
import type { LooseArguments } from '../servers/raw-client.ts';

/** The methods that a sequence may call and that are answered. */
export type CallName =
  | 'queue.declare'
  | 'queue.delete'
  | 'queue.purge'
  | 'queue.bind'
  | 'queue.unbind'
  | 'exchange.declare'
  | 'exchange.delete'
  | 'exchange.bind'
  | 'exchange.unbind'
  | 'basic.get'
  | 'basic.consume'
  | 'basic.cancel'
  | 'basic.qos'
  | 'basic.recover'
  | 'confirm.select'
  | 'tx.select'
  | 'tx.commit'
  | 'tx.rollback'
  | 'channel.flow';

/** Which connection (0 or 1) and which channel of it. A connection or channel that is closed is opened first. */
export interface Place {
  readonly connection: number;
  readonly channel: number;
}

export type Call = {
  [N in CallName]: { readonly do: 'call'; readonly name: N; readonly args: LooseArguments<N> };
}[CallName];

export interface Publish {
  readonly do: 'publish';
  readonly args: LooseArguments<'basic.publish'>;
  readonly properties: BasicProperties;
  readonly body: string;
}

/** Acks, nacks or rejects a message that was delivered on the channel and is not settled yet; nothing if there is none. */
export interface Settle {
  readonly do: 'basic.ack' | 'basic.nack' | 'basic.reject';
  /** Which of the unsettled deliveries: taken modulo their number. */
  readonly which: number;
  readonly multiple: boolean;
  readonly requeue: boolean;
}

/** Settles by a delivery tag as it is: 0 with `multiple` means all, any other is one that nobody got. */
export interface SettleTag {
  readonly do: 'settle-tag';
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

/** `cut` ends the socket without a word. */
export interface Close {
  readonly do: 'close-channel' | 'close-connection' | 'cut-connection';
}

/** One step of a sequence. Steps stand on their own, so that a sequence without some of them is a sequence too. */
export type Operation = Place & (Call | Publish | Settle | SettleTag | Close);

/** One line, for people. */
export function describeOperation(operation: Operation): string {
  const { connection, channel, ...rest } = operation;
  return `${connection}.${channel} ${JSON.stringify(rest, (_, value) => (value instanceof Map ? [...value] : value))}`;
}
