import { setTimeout as pause } from 'node:timers/promises';

export interface Mail {
  readonly id: string;
  readonly to: string;
  readonly text: string;
}

/** Stands for a mail server: it takes its time, and sends nothing. */
export async function sendMail(_mail: Mail, signal: AbortSignal): Promise<void> {
  await pause(50, undefined, { signal });
}
