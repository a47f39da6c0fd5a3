import type { BrokerEvent } from '../core/environment.ts';
import type { LogLevel } from './options.ts';

const LEVELS: readonly LogLevel[] = ['none', 'error', 'warn', 'info'];

/** Writes events as lines: `2026-01-31T12:00:00.000Z warn  text`. */
export class ConsoleLog {
  readonly #rank: number;
  readonly #write: (line: string) => void;

  constructor(level: LogLevel, write: (line: string) => void) {
    this.#rank = LEVELS.indexOf(level);
    this.#write = write;
  }

  onEvent(event: BrokerEvent): void {
    if (LEVELS.indexOf(event.level) > this.#rank) return;
    this.#write(`${new Date().toISOString()} ${event.level.padEnd(5)} ${printable(event.text)}\n`);
  }
}

/**
 * Strangers choose names that end up in the log: they must neither forge a line nor control the terminal. A line break
 * is kept, behind a mark that no line of the log begins with.
 */
export function printable(text: string): string {
  return text
    .replaceAll('\n', '\n    | ')
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
      character === '\n' ? character : `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`,
    );
}
