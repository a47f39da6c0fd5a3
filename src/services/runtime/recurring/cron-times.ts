import { Cron } from 'croner';
import type { Recurring } from '../../part.ts';

/** Throws `TypeError`, which names the job, for a pattern or a time zone that does not exist. */
export function checkTimes(job: Recurring): void {
  new CronTimes(job);
}

/** The times of a cron pattern. */
export class CronTimes {
  readonly #cron: Cron;

  /** Throws `TypeError`, which names the job, for a pattern or a time zone that does not exist. */
  constructor({ service, name, pattern, options }: Recurring) {
    const job = `recurring job '${name}' of service '${service}'`;
    const timezone = options.timezone ?? 'UTC';
    checkTimezone(job, timezone);
    this.#cron = cronOf(job, pattern, timezone);
    if (this.#cron.nextRun() !== null) return;
    throw new TypeError(`${job}: the pattern '${pattern}' names no time that ever comes`);
  }

  /** The first time after this one. */
  nextMs(afterMs: number): number | undefined {
    return this.#cron.nextRun(new Date(afterMs))?.getTime();
  }
}

function checkTimezone(job: string, timezone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch (error) {
    throw new TypeError(
      `${job}: found the time zone '${timezone}'; allowed: names of the IANA database, as 'Europe/Berlin' or 'UTC'`,
      { cause: error },
    );
  }
}

function cronOf(job: string, pattern: string, timezone: string): Cron {
  try {
    // a date would be taken as well, for a job that runs once
    if (pattern.includes(':')) throw new TypeError('a single time does not recur');
    return new Cron(pattern, { timezone, mode: '5-or-6-parts' });
  } catch (error) {
    throw new TypeError(
      `${job}: found the pattern '${pattern}'; allowed: five fields (minute, hour, day of month, month, day of week) or six (with seconds in front), as '*/5 * * * *', or '@daily' and its like: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
