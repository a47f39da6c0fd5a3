import type { FieldTable } from '../../codec/field-table.ts';

/**
 * What a consumer gives with the settlement of a message: a result, or an error. Kept as the outcome of the message when its
 * publisher, its queue or a policy wants outcomes; otherwise it is of no effect.
 */
export interface SettlementResult {
  /** Empty when there is nothing but an error. Belongs to whoever gives it; valid until the call returns. */
  readonly body: Uint8Array;
  readonly contentType?: string | undefined;
  readonly headers?: FieldTable | undefined;
  /** Why the message could not be done, for people to read. Its outcome is `failed` then, whatever the settlement. */
  readonly error?: string | undefined;
}
