/** What happens in a service that somebody may want to know of. */
export type ServiceEvent =
  | { readonly type: 'started'; readonly service: string }
  | { readonly type: 'connected'; readonly service: string; readonly product: string }
  | { readonly type: 'disconnected'; readonly service: string; readonly reason: Error }
  | {
      /** It will be tried again after the delay. */
      readonly type: 'failed';
      readonly service: string;
      readonly part: string;
      readonly messageId: string;
      readonly attempt: number;
      readonly retryMs: number;
      readonly error: Error;
    }
  | {
      readonly type: 'dead-letter';
      readonly service: string;
      readonly part: string;
      readonly messageId: string;
      readonly attempts: number;
      readonly error: Error;
    }
  | {
      /** A message in the outbox that nobody can receive: it stays, and is tried again. */
      readonly type: 'undeliverable';
      readonly service: string;
      readonly messageId: string;
      readonly contract: string;
      readonly retryMs: number;
    }
  | {
      /** A part fails again and again: it gets one message at a time until one succeeds. */
      readonly type: 'probing' | 'recovered';
      readonly service: string;
      readonly part: string;
    }
  | {
      /** What should not happen, as a database that cannot be reached. */
      readonly type: 'trouble';
      readonly service: string;
      readonly text: string;
      readonly error: Error;
    }
  | { readonly type: 'stopped'; readonly service: string };
