/**
 * Matches a pattern against a text in time (instructions x characters), whatever the pattern.
 *
 * The pattern is compiled to instructions; each is a state "from here on, the rest of the text can be matched":
 *
 *     literal c     needs c at this place, then the next instruction one character further
 *     set s         needs a character of s at this place, then the same
 *     split a b     goes on at a or at b
 *     jump a        goes on at a
 *     boundary k    goes on at the next instruction if the place is a text start, word boundary ...
 *     lookahead n   goes on at the next instruction if program n matches from this place on (or does not: negated)
 *     accept        the text matches
 *
 * The text is walked once, from its end to its start. At each place the set of *true* instructions is computed from that of the
 * place after it: a literal or set becomes true when its successor was true one character further on; everything else
 * when a successor is true at the same place. So each instruction is looked at once a place, however many ways lead to it.
 *
 * From the end, because then a lookahead is simply another program that is computed at the same place, before those that ask
 * it. Rejected: backtracking that remembers (instruction, place) failures. A failure that was found inside a loop, or in a
 * lookahead that was entered elsewhere, is not always one for the next asker, so that it is linear or right, not both.
 */
import { CharacterSet, WORD_CHARACTERS } from './character-set.ts';
import { PatternError } from './pattern-error.ts';
import type { Boundary, PatternNode } from './pattern-syntax.ts';

/** What a pattern may become once its repetitions are written out. Bounds one match to this many steps per character. */
export const PATTERN_INSTRUCTIONS_MAX = 2000;

type Instruction =
  | { readonly kind: 'literal'; readonly codePoint: number }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'split'; readonly targets: number[] }
  | { readonly kind: 'jump'; target: number }
  | { readonly kind: 'boundary'; readonly boundary: Boundary }
  | { readonly kind: 'lookahead'; readonly program: number; readonly negated: boolean }
  | { readonly kind: 'accept' };

const FIRST_INSTRUCTION = 0;
const WORD_SET: CharacterSet = new CharacterSet(WORD_CHARACTERS);

/** A compiled pattern. Keeps its working memory from one test to the next. */
export class PatternProgram {
  /** The lookaheads, those inside others first, and as the last one the pattern itself. */
  readonly #programs: readonly TruthOfProgram[];

  /** Throws PatternError when the pattern is too large once its repetitions are written out. */
  constructor(source: string, pattern: PatternNode) {
    const compiler = new PatternCompiler(source);
    compiler.compile(pattern);
    this.#programs = compiler.programs.map((instructions) => new TruthOfProgram(instructions));
  }

  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean {
    const characters = Array.from(text, (character) => character.codePointAt(0)!);
    const main = this.#programs.at(-1)!;
    for (const program of this.#programs) program.begin();
    for (let place = characters.length; place >= 0; place--) {
      for (const program of this.#programs) program.step(characters, place, this.#programs);
      if (main.matchesFrom(place)) return true;
    }
    return false;
  }
}

/** The set of true instructions of one program, place after place. */
class TruthOfProgram {
  readonly #instructions: readonly Instruction[];
  /** For each instruction those that may go on at it without a character. */
  readonly #askers: readonly (readonly number[])[];
  /** The place at which an instruction was true last, so that none is listed twice. */
  readonly #trueAt: Int32Array;
  /** The true instructions of this place, and those of the place after it. */
  #here: number[] = [];
  #after: number[] = [];

  constructor(instructions: readonly Instruction[]) {
    this.#instructions = instructions;
    this.#askers = askersOf(instructions);
    this.#trueAt = new Int32Array(instructions.length);
  }

  begin(): void {
    this.#trueAt.fill(-1);
    this.#here = [];
  }

  matchesFrom(place: number): boolean {
    return this.#trueAt[FIRST_INSTRUCTION] === place;
  }

  /** Goes from place + 1 to `place`. The programs that this one asks must be there already. */
  step(characters: readonly number[], place: number, programs: readonly TruthOfProgram[]): void {
    this.#after = this.#here;
    this.#here = [];
    this.#add(this.#instructions.length - 1, place); // accept
    for (const successor of this.#after) {
      if (takes(this.#instructions[successor - 1], characters[place]!)) this.#add(successor - 1, place);
    }
    // `here` grows while it is walked: it is also the list of what is left to look at.
    for (let index = 0; index < this.#here.length; index++) {
      for (const asker of this.#askers[this.#here[index]!]!) {
        if (this.#trueAt[asker] !== place && this.#passes(asker, characters, place, programs))
          this.#add(asker, place);
      }
    }
  }

  #add(instruction: number, place: number): void {
    this.#trueAt[instruction] = place;
    this.#here.push(instruction);
  }

  #passes(
    number: number,
    characters: readonly number[],
    place: number,
    programs: readonly TruthOfProgram[],
  ): boolean {
    const instruction = this.#instructions[number]!;
    if (instruction.kind === 'boundary') return isBoundary(instruction.boundary, characters, place);
    if (instruction.kind !== 'lookahead') return true;
    return programs[instruction.program]!.matchesFrom(place) !== instruction.negated;
  }
}

function takes(instruction: Instruction | undefined, codePoint: number): boolean {
  if (instruction?.kind === 'literal') return instruction.codePoint === codePoint;
  return instruction?.kind === 'set' && instruction.set.has(codePoint);
}

function isBoundary(boundary: Boundary, characters: readonly number[], place: number): boolean {
  switch (boundary) {
    case 'text-start':
      return place === 0;
    case 'text-end':
      return place === characters.length;
    case 'word-boundary':
      return isWord(characters[place - 1]) !== isWord(characters[place]);
    case 'no-word-boundary':
      return isWord(characters[place - 1]) === isWord(characters[place]);
  }
}

function isWord(codePoint: number | undefined): boolean {
  return codePoint !== undefined && WORD_SET.has(codePoint);
}

function askersOf(instructions: readonly Instruction[]): number[][] {
  const askers: number[][] = instructions.map(() => []);
  for (const [number, instruction] of instructions.entries()) {
    for (const target of targetsOf(instruction, number)) askers[target]!.push(number);
  }
  return askers;
}

/** Where an instruction may go on without a character. */
function targetsOf(instruction: Instruction, number: number): readonly number[] {
  switch (instruction.kind) {
    case 'split':
      return instruction.targets;
    case 'jump':
      return [instruction.target];
    case 'boundary':
    case 'lookahead':
      return [number + 1];
    case 'literal':
    case 'set':
    case 'accept':
      return [];
  }
}

class PatternCompiler {
  readonly programs: (readonly Instruction[])[] = [];
  readonly #source: string;
  /** Counts nodes as well as instructions, so that a thousand repetitions of nothing are not free. */
  #size: number = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Returns the number of the new program. */
  compile(pattern: PatternNode): number {
    const instructions: Instruction[] = [];
    this.#emit(instructions, pattern);
    instructions.push({ kind: 'accept' });
    this.programs.push(instructions);
    return this.programs.length - 1;
  }

  #emit(into: Instruction[], node: PatternNode): void {
    this.#grow();
    switch (node.kind) {
      case 'literal':
        into.push({ kind: 'literal', codePoint: node.codePoint });
        return;
      case 'set':
        into.push({ kind: 'set', set: node.set });
        return;
      case 'boundary':
        into.push({ kind: 'boundary', boundary: node.boundary });
        return;
      case 'lookahead':
        into.push({ kind: 'lookahead', program: this.compile(node.item), negated: node.negated });
        return;
      case 'sequence':
        for (const item of node.items) this.#emit(into, item);
        return;
      case 'alternatives':
        this.#emitAlternatives(into, node.items);
        return;
      case 'repeat':
        for (let count = 0; count < node.min; count++) this.#emit(into, node.item);
        if (node.max === Number.POSITIVE_INFINITY) this.#emitLoop(into, node.item);
        else this.#emitOptional(into, node.item, node.max - node.min);
        return;
    }
  }

  /** split(a, b, c); a; jump end; b; jump end; c; end: */
  #emitAlternatives(into: Instruction[], items: readonly PatternNode[]): void {
    const targets: number[] = [];
    const jumps: { kind: 'jump'; target: number }[] = [];
    into.push({ kind: 'split', targets });
    for (const item of items) {
      targets.push(into.length);
      this.#emit(into, item);
      const jump = { kind: 'jump' as const, target: 0 };
      jumps.push(jump);
      into.push(jump);
      this.#grow();
    }
    for (const jump of jumps) jump.target = into.length;
  }

  /** start: split(item, end); item; jump start; end: */
  #emitLoop(into: Instruction[], item: PatternNode): void {
    const start = into.length;
    const targets = [start + 1];
    into.push({ kind: 'split', targets });
    this.#emit(into, item);
    into.push({ kind: 'jump', target: start });
    this.#grow();
    targets.push(into.length);
  }

  /** split(item, end); item; split(item, end); item; ... end: */
  #emitOptional(into: Instruction[], item: PatternNode, times: number): void {
    const splits: number[][] = [];
    for (let count = 0; count < times; count++) {
      const targets = [into.length + 1];
      splits.push(targets);
      into.push({ kind: 'split', targets });
      this.#grow();
      this.#emit(into, item);
    }
    for (const targets of splits) targets.push(into.length);
  }

  #grow(): void {
    this.#size++;
    if (this.#size <= PATTERN_INSTRUCTIONS_MAX) return;
    throw new PatternError(
      this.#source,
      0,
      `it is too large: more than ${PATTERN_INSTRUCTIONS_MAX} steps once its repetitions are written out; use smaller {m,n}`,
    );
  }
}
