/**
 * What became of a message in one queue, and how it is kept: a kept record (message/kept-record.ts) with the queue as its scope
 * and the message id as its key, the result as its body, the result's content type as its own, and these headers:
 *
 *     status S   reason S   error S   deliveries l   waiting l (ms)   working l (ms)   result t   headers x (a table)
 */
import { ByteWriter } from '../../codec/byte-writer.ts';
import { decodeTable, type FieldTable, type PlainValue, tableOf } from '../../codec/field-table.ts';
import { decodeProperties, encodeProperties } from '../../codec/properties.ts';
import type { KeptContent } from '../message/kept-record.ts';
import type { MessageRecord } from '../message/message-record.ts';
import type { Ending, OutcomeStatus } from './ending.ts';
import type { SettlementResult } from './settlement-result.ts';

export interface Outcome {
  readonly messageId: string;
  readonly queue: string;
  readonly status: OutcomeStatus;
  /** How the message left its queue; undefined: it was acknowledged. */
  readonly reason: Exclude<Ending, 'acknowledged'> | undefined;
  /** What the consumer gave, bytes of its own; undefined: nothing. */
  readonly result: Uint8Array | undefined;
  readonly contentType: string | undefined;
  readonly headers: FieldTable | undefined;
  readonly error: string | undefined;
  /** How often it was delivered, as far as that is known: a restart of the broker forgets the last of them. */
  readonly deliveries: number;
  /** From its arrival in the queue to its last delivery, or to its end when it was not delivered. */
  readonly waitingMs: number;
  /** From its last delivery to its settlement. */
  readonly workingMs: number;
  /** Since 1970. */
  readonly settledAtMs: number;
}

/** What is kept of an outcome beside what it is found by. */
export interface OutcomeFacts {
  readonly status: OutcomeStatus;
  readonly reason: Outcome['reason'];
  readonly deliveries: number;
  readonly waitingMs: number;
  readonly workingMs: number;
  readonly given: SettlementResult | undefined;
}

const NOTHING = new Uint8Array(0);

export function encodeOutcome(facts: OutcomeFacts): KeptContent {
  const { status, reason, deliveries, waitingMs, workingMs, given } = facts;
  const headers = tableOf({
    status,
    reason,
    error: given?.error,
    deliveries,
    waiting: waitingMs,
    working: workingMs,
    result: hasResult(given) ? true : undefined,
    headers: given?.headers === undefined ? undefined : tableBytes(given.headers),
  } satisfies { [key: string]: PlainValue });
  return {
    properties: encodeProperties({ contentType: given?.contentType, headers }),
    body: given?.body ?? NOTHING,
  };
}

/** `settledAtMs`: since 1970. The outcome has bytes of its own. */
export function decodeOutcome(
  messageId: string,
  queue: string,
  settledAtMs: number,
  record: MessageRecord,
): Outcome {
  const { bytes, addressEnd, bodyStart, bodyEnd } = record;
  const { contentType, headers = new Map() } = decodeProperties(bytes, addressEnd, bodyStart);
  const tableBytes = headers.get('headers')?.value as Uint8Array | undefined;
  return {
    messageId,
    queue,
    status: headers.get('status')?.value as OutcomeStatus,
    reason: headers.get('reason')?.value as Outcome['reason'],
    result: headers.has('result') ? bytes.slice(bodyStart, bodyEnd) : undefined,
    contentType,
    headers: tableBytes === undefined ? undefined : decodeTable(tableBytes, 0, tableBytes.length),
    error: headers.get('error')?.value as string | undefined,
    deliveries: Number(headers.get('deliveries')?.value),
    waitingMs: Number(headers.get('waiting')?.value),
    workingMs: Number(headers.get('working')?.value),
    settledAtMs,
  };
}

/** An error alone is no result. */
function hasResult(given: SettlementResult | undefined): boolean {
  if (given === undefined) return false;
  return given.error === undefined || given.body.length > 0 || given.contentType !== undefined;
}

function tableBytes(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writer.table(table);
  return writer.toBytes();
}
