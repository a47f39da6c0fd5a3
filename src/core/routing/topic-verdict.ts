import type { BindingVerdict } from './router.ts';

const ANY_WORD = '*';
const ANY_WORDS = '#';

/** Whether the words of a binding key of a topic exchange match those of a routing key, and why not. */
export function topicVerdict(wanted: readonly string[], found: readonly string[]): BindingVerdict {
  const key = wanted.join('.');
  // How many of the first words of `found` the words of the binding key so far can stand for.
  let lengths = new Set([0]);
  for (const [index, word] of wanted.entries()) {
    const next = lengthsAfter(word, lengths, found);
    if (next.size === 0) return { matches: false, why: mismatchText(wanted, found, index) };
    lengths = next;
  }
  if (lengths.has(found.length)) return { matches: true, why: `the routing key matches '${key}'` };
  const rest = found.slice(Math.max(...lengths)).join('.');
  return { matches: false, why: `'${key}' ends where the routing key goes on with '${rest}'` };
}

function lengthsAfter(word: string, lengths: ReadonlySet<number>, found: readonly string[]): Set<number> {
  const next = new Set<number>();
  if (word === ANY_WORDS) {
    for (let length = Math.min(...lengths); length <= found.length; length++) next.add(length);
    return next;
  }
  for (const length of lengths) {
    if (length < found.length && (word === ANY_WORD || word === found[length])) next.add(length + 1);
  }
  return next;
}

/** Word `at` of the binding key is the first that nothing of the routing key can be. */
function mismatchText(wanted: readonly string[], found: readonly string[], at: number): string {
  const key = wanted.join('.');
  const word = wanted[at] === ANY_WORD ? 'any word' : `'${wanted[at]}'`;
  if (wanted.slice(0, at).includes(ANY_WORDS)) {
    return `no word of the routing key can be word ${at + 1} of '${key}', which is ${word}`;
  }
  if (at < found.length)
    return `word ${at + 1} of the routing key is '${found[at]}', and '${key}' wants ${word}`;
  const count = found.length === 1 ? '1 word' : `${found.length} words`;
  return `the routing key has ${count}, and '${key}' wants ${word} as word ${at + 1}`;
}
