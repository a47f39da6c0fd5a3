import { StoreError } from './store-error.ts';

export function transactionEnded(): StoreError {
  return new StoreError(
    'TRANSACTION_ENDED',
    'the transaction of this message has ended; await each statement before the handler returns, and mind the signal of its context',
  );
}

/** SQLite may have rolled back everything by itself, and would run the next statement as a transaction of its own. */
export function failedBefore(failure: Error): StoreError {
  return new StoreError(
    'TRANSACTION_FAILED',
    `the statement does not run, because one before it in the same transaction failed: ${failure.message}`,
    { cause: failure },
  );
}

export function cannotCommit(failure: Error): StoreError {
  return new StoreError(
    'TRANSACTION_FAILED',
    `nothing is committed, because a statement failed before: ${failure.message}`,
    { cause: failure },
  );
}
