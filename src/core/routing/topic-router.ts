/**
 * `topic`: binding keys are words between dots; `*` stands for exactly one word, `#` for any number of words, also none.
 *
 * The bindings are a trie of words:
 *
 *     stock.*.nyse      (root) ── stock ─┬─ * ── nyse        {queue 1}
 *     stock.usd.#                        └─ usd ── #         {queue 2}
 *     #                        ── #                          {queue 3}
 *
 * A routing key is matched against all of them at once, as a machine that is in many states: `reached` holds the nodes that
 * the words so far can lead to, and each word replaces it by the nodes one word further. A `#` node stays reached by every
 * word, and is reached together with its parent, because it may stand for no word. A node enters the set at most once a
 * word, so matching costs at most (words x nodes), also for `#.#.#.a`, where following each way on its own would cost
 * a number of steps that is exponential in the number of `#`.
 */
import { removeEntry } from './remove-entry.ts';
import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';
import { topicVerdict } from './topic-verdict.ts';

const ANY_WORD = '*';
const ANY_WORDS = '#';

class TopicNode<D> {
  readonly parent: TopicNode<D> | undefined;
  /** The word that leads here from the parent; a wildcard when this is its `anyWord` or `anyWords`. */
  readonly word: string;
  readonly isAnyWords: boolean;
  /** **Invariant:** undefined instead of empty; never holds a wildcard. */
  words: Map<string, TopicNode<D>> | undefined = undefined;
  anyWord: TopicNode<D> | undefined = undefined;
  anyWords: TopicNode<D> | undefined = undefined;
  /** What is bound with the key that ends here. */
  readonly destinations: D[] = [];
  /** The last step at which this node was reached. */
  reachedAtStep: number = 0;

  constructor(parent: TopicNode<D> | undefined, word: string) {
    this.parent = parent;
    this.word = word;
    this.isAnyWords = word === ANY_WORDS;
  }

  child(word: string): TopicNode<D> | undefined {
    if (word === ANY_WORD) return this.anyWord;
    if (word === ANY_WORDS) return this.anyWords;
    return this.words?.get(word);
  }

  addChild(word: string): TopicNode<D> {
    const child = new TopicNode<D>(this, word);
    if (word === ANY_WORD) this.anyWord = child;
    else if (word === ANY_WORDS) this.anyWords = child;
    else (this.words ??= new Map()).set(word, child);
    return child;
  }

  removeChild(word: string): void {
    if (word === ANY_WORD) this.anyWord = undefined;
    else if (word === ANY_WORDS) this.anyWords = undefined;
    else if (this.words?.delete(word) && this.words.size === 0) this.words = undefined;
  }

  isEmpty(): boolean {
    return (
      this.destinations.length === 0 &&
      this.words === undefined &&
      this.anyWord === undefined &&
      this.anyWords === undefined
    );
  }
}

export class TopicRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = true;
  readonly #root: TopicNode<D> = new TopicNode<D>(undefined, '');
  /** The first `reachedCount` entries are the nodes that the words so far lead to. The rest is left over, and unused. */
  #reached: TopicNode<D>[] = [];
  #reachedCount: number = 0;
  /** The other one of the two arrays, which the next word fills. */
  #spare: TopicNode<D>[] = [];
  /** Counts the words of all routed messages. A node with `reachedAtStep === step` is in `reached` already. */
  #step: number = 0;

  /** Whether nothing is bound, and nothing is kept of what was. */
  get isEmpty(): boolean {
    return this.#root.isEmpty();
  }

  add({ destination, routingKey }: RouterBinding<D>): void {
    let node = this.#root;
    for (const word of wordsOf(routingKey)) node = node.child(word) ?? node.addChild(word);
    node.destinations.push(destination);
  }

  remove({ destination, routingKey }: RouterBinding<D>): void {
    let node = this.#root;
    for (const word of wordsOf(routingKey)) {
      const child = node.child(word);
      if (child === undefined) throw new Error('Removed a binding that this router does not have');
      node = child;
    }
    removeEntry(node.destinations, destination);
    removeEmptyBranch(node);
  }

  route(message: RoutedMessage, into: D[]): void {
    this.#begin();
    this.#followWords(message.routingKey);
    for (let index = 0; index < this.#reachedCount; index++) {
      for (const destination of this.#reached[index]!.destinations) into.push(destination);
    }
  }

  explain({ routingKey }: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    const words = wordsOf(routingKey);
    return (binding) => topicVerdict(wordsOf(binding.routingKey), words);
  }

  #begin(): void {
    this.#step++;
    this.#reachedCount = 0;
    this.#reach(this.#root);
  }

  #followWords(routingKey: string): void {
    if (routingKey === '') return; // no word, not one empty word: `*` does not match it
    let start = 0;
    while (this.#reachedCount > 0) {
      const dot = routingKey.indexOf('.', start);
      if (dot < 0) {
        this.#followWord(routingKey.slice(start));
        return;
      }
      this.#followWord(routingKey.slice(start, dot));
      start = dot + 1;
    }
  }

  #followWord(word: string): void {
    const from = this.#reached;
    const fromCount = this.#reachedCount;
    this.#reached = this.#spare;
    this.#spare = from;
    this.#reachedCount = 0;
    this.#step++;
    for (let index = 0; index < fromCount; index++) {
      const node = from[index]!;
      if (node.isAnyWords) this.#reach(node);
      if (node.words !== undefined) this.#reach(node.words.get(word));
      this.#reach(node.anyWord);
    }
  }

  /** Adds a node to `reached`, and the `#` below it, which may stand for no word. */
  #reach(node: TopicNode<D> | undefined): void {
    let next = node;
    while (next !== undefined && next.reachedAtStep !== this.#step) {
      next.reachedAtStep = this.#step;
      this.#reached[this.#reachedCount++] = next;
      next = next.anyWords;
    }
  }
}

function wordsOf(bindingKey: string): string[] {
  return bindingKey === '' ? [] : bindingKey.split('.');
}

/** Cuts off the nodes, from a leaf up, that hold nothing any more. */
function removeEmptyBranch<D>(leaf: TopicNode<D>): void {
  let node = leaf;
  while (node.parent !== undefined && node.isEmpty()) {
    node.parent.removeChild(node.word);
    node = node.parent;
  }
}
