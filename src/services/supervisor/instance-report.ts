/** What an instance tells the process that started it, over the channel between a process and its child. */
export type InstanceReport =
  | {
      /** It consumes. */
      readonly type: 'ready';
      readonly services: readonly string[];
    }
  | {
      /** How far it is, again and again. */
      readonly type: 'progress';
      readonly isReady: boolean;
      /** Messages that were handled since the start. */
      readonly handledCount: number;
      readonly inFlight: number;
    };

/** How often an instance tells. */
export const REPORT_MS = 250;

export function isInstanceReport(value: unknown): value is InstanceReport {
  if (typeof value !== 'object' || value === null) return false;
  const { type } = value as { readonly type?: unknown };
  return type === 'ready' || type === 'progress';
}
