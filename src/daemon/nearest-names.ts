const SUGGESTIONS_MAX = 3;

/**
 * The names that somebody who wrote `given` may have meant, for "did you mean": those the fewest typing errors away, or else those
 * that contain it as a word (`port` gives `amqp-port` and `http-port`).
 */
export function nearestNames(given: string, names: Iterable<string>): string[] {
  const mistakesMax = Math.max(1, Math.floor(given.length / 4));
  const known = [...names];
  const mistakes = new Map(known.map((name) => [name, editDistance(given, name)]));
  const fewest = Math.min(mistakesMax, ...mistakes.values());
  const mistyped = known.filter((name) => (mistakes.get(name) ?? 0) <= fewest);
  const found = mistyped.length > 0 ? mistyped : known.filter((name) => hasWord(name, given));
  return found.slice(0, SUGGESTIONS_MAX);
}

/** ` (did you mean A or B?)`, or nothing. */
export function didYouMean(given: string, names: Iterable<string>): string {
  const found = nearestNames(given, names);
  return found.length === 0 ? '' : ` (did you mean ${found.join(' or ')}?)`;
}

function hasWord(name: string, given: string): boolean {
  const word = given.replace(/^-+/, '');
  return word.length >= 3 && `-${name.replace(/^-+/, '')}-`.includes(`-${word}-`);
}

/** Insertions, deletions and substitutions between two words (Levenshtein), row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
