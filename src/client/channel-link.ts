import type { Method, MethodArguments, MethodName } from '../codec/methods.ts';
import type { BasicProperties } from '../codec/properties.ts';
import type { HandlerObserver } from './consumer-registry.ts';

/** What a connection tells a channel: the frames that came for it, and its own end. */
export interface ChannelInput {
  onMethod(method: Method): void;
  /** The payload of a content header frame, valid during the call. */
  onHeader(bytes: Uint8Array, start: number, end: number): void;
  /** The payload of a body frame, valid during the call. */
  onBody(bytes: Uint8Array, start: number, end: number): void;
  /** `expected`: this side closed the connection. */
  onConnectionClosed(reason: Error, expected: boolean): void;
}

/** What a channel needs of the connection that it is on. */
export interface ChannelLink {
  readonly handlerObserver: HandlerObserver | undefined;
  /** Takes a free channel number. */
  addChannel(input: ChannelInput): number;
  /** The channel is closed; its number may be used again. */
  releaseChannel(channel: number): void;
  sendMethod<N extends MethodName>(channel: number, name: N, args: MethodArguments<N>): void;
  /**
   * `onTaken` is called when the broker has taken the message: later than at once only while it does not read. When the stream
   * ends first it is called behind `onConnectionClosed`.
   */
  sendPublish(
    channel: number,
    args: MethodArguments<'basic.publish'>,
    properties: BasicProperties,
    body: Uint8Array,
    onTaken: (() => void) | undefined,
  ): void;
}
