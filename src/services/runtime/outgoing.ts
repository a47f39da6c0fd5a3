import { encodeText } from '../../client/body-encoding.ts';
import type { OutgoingMessage } from '../../client/outgoing-message.ts';
import type { AnyContract } from '../contract.ts';
import type { OutgoingRecord } from '../store/store.ts';
import { NO_KEY, slotOf, slotRoutingKey } from '../wire.ts';

/** What the outbox keeps of a message beside its address and its body. */
export interface Envelope {
  /** The name of its contract. */
  readonly type: string;
  /** Somebody must get it: it is published mandatory. */
  readonly isCommand: boolean;
  readonly appId: string;
  readonly sentMs: number;
  /** Of the toolkit: a trace, a claim check. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type RecordAddress = Pick<OutgoingRecord, 'id' | 'exchange' | 'routingKey' | 'dueMs' | 'timer'>;

/** A message to send that did not come from the outbox. Most are never written there, so its envelope is made when it is asked for. */
export class OutgoingEnvelope implements OutgoingRecord {
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly dueMs: number;
  readonly timer: string | undefined;
  readonly parts: Envelope;

  constructor(address: RecordAddress, parts: Envelope, body: Uint8Array) {
    this.id = address.id;
    this.exchange = address.exchange;
    this.routingKey = address.routingKey;
    this.dueMs = address.dueMs;
    this.timer = address.timer;
    this.parts = parts;
    this.body = body;
  }

  get envelope(): string {
    return JSON.stringify(this.parts);
  }
}

export function envelopeOf(record: OutgoingRecord): Envelope {
  return record instanceof OutgoingEnvelope ? record.parts : (JSON.parse(record.envelope) as Envelope);
}

/** A record as the client sends it. */
export function messageOf(
  record: OutgoingRecord,
  { type, appId, sentMs, headers }: Envelope,
): OutgoingMessage {
  const message = {
    exchange: record.exchange,
    routingKey: record.routingKey,
    messageId: record.id,
    body: record.body,
    contentType: JSON_TYPE,
    type,
    appId,
    timestamp: new Date(sentMs),
  };
  return headers === undefined ? message : { ...message, headers };
}

export const JSON_TYPE = 'application/json';

const EMPTY_BODY = new Uint8Array(0);

/** A payload or reply as JSON. One that is undefined has an empty body. */
export function bodyOf(what: string, payload: unknown): Uint8Array {
  if (payload === undefined) return EMPTY_BODY;
  const text: string | undefined = JSON.stringify(payload);
  if (text !== undefined) return encodeText(text);
  throw new TypeError(`${what}: found a ${typeof payload}; allowed: what JSON has a form for`);
}

/** Where messages with this payload go, which is as its schema made it. */
export function routingKeyOf(contract: AnyContract, payload: unknown): string {
  if (contract.key === undefined) return NO_KEY;
  const key: unknown = contract.key(payload);
  if (typeof key === 'string') return slotRoutingKey(slotOf(key));
  throw new TypeError(
    `key of ${contract.kind} '${contract.name}': found a ${typeof key}; allowed: a string; let its 'key' return one`,
  );
}

/** A message of the toolkit to a queue of the service itself. */
export function internalRecord(
  message: { readonly id: string; readonly type: string; readonly service: string; readonly queue: string },
  payload: unknown,
  times: { readonly nowMs: number; readonly dueMs: number },
  timer?: string,
): OutgoingRecord {
  const { id, type, service, queue } = message;
  return new OutgoingEnvelope(
    { id, exchange: '', routingKey: queue, dueMs: times.dueMs, timer },
    { type, isCommand: true, appId: service, sentMs: times.nowMs },
    bodyOf(`message '${type}'`, payload),
  );
}
