import { expect, test } from 'vitest';
import { InterruptedPrompt, pipedSecret, promptSecret, type SecretInput } from './secret-prompt.ts';

function input(...chunks: string[]): SecretInput & { readonly modes: boolean[] } {
  const modes: boolean[] = [];
  return {
    modes,
    setRawMode: (on) => modes.push(on),
    async *[Symbol.asyncIterator]() {
      yield* chunks;
    },
  };
}

test('what is typed is taken without being shown', async () => {
  let shown = '';
  const typed = input('s', 'ec', 'x\u007fret', '\r');
  expect(await promptSecret('Password: ', typed, (text) => (shown += text))).toBe('secret');
  expect(shown).toBe('Password: \n');
  expect(typed.modes).toEqual([true, false]);
});

test('Ctrl+C gives the terminal back and ends the command', async () => {
  const typed = input('sec\u0003');
  await expect(promptSecret('Password: ', typed, () => {})).rejects.toThrow(InterruptedPrompt);
  expect(typed.modes).toEqual([true, false]);
});

test('a piped secret is the first line', async () => {
  expect(await pipedSecret('the password', input('sec', 'ret\r\nmore\n'))).toBe('secret');
  expect(await pipedSecret('the password', input('secret'))).toBe('secret');
  await expect(pipedSecret('the password', input('\n'))).rejects.toThrow('the password is missing');
});
