import { OptionError } from '../../daemon/option-error.ts';

/** The part of `process.stdin` that a prompt needs. */
export interface SecretInput extends AsyncIterable<string | Uint8Array> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
}

const ENTER = /[\r\n]/;
const BACKSPACE = /[\u007f\b]/;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
/** By convention, of a process that SIGINT ended: 128 plus 2. */
const INTERRUPTED_EXIT_CODE = 130;

/** Asks for a secret on the terminal, which shows nothing of it. `write` shows the question. */
export async function promptSecret(
  question: string,
  input: SecretInput = process.stdin,
  write: (text: string) => unknown = (text) => process.stderr.write(text),
): Promise<string> {
  write(question);
  input.setRawMode?.(true);
  try {
    return await typedLine(input);
  } finally {
    input.setRawMode?.(false);
    write('\n');
  }
}

/** The first line of what is piped in; `what` is named when there is none. */
export async function pipedSecret(what: string, input: SecretInput = process.stdin): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new OptionError(`${what} is missing: standard input is empty`);
  return line;
}

async function typedLine(input: SecretInput): Promise<string> {
  let typed = '';
  for await (const chunk of input) {
    for (const character of String(chunk)) {
      if (character === CTRL_C) throw new InterruptedPrompt();
      if (ENTER.test(character) || character === CTRL_D) return typed;
      typed = BACKSPACE.test(character) ? [...typed].slice(0, -1).join('') : typed + character;
    }
  }
  return typed;
}

/** Ctrl+C at a prompt, where the terminal does not make a signal of it. */
export class InterruptedPrompt extends Error {
  readonly exitCode: number = INTERRUPTED_EXIT_CODE;

  constructor() {
    super('interrupted');
    this.name = 'InterruptedPrompt';
  }
}
