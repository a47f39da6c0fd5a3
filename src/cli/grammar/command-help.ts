/** The help pages of commands over the HTTP API, at most 80 columns wide, made of what the commands declare. */

import { wrap } from '../terminal/text-width.ts';
import type { ApiCommandDefinition } from './api-command.ts';
import { type Flags, flagName } from './flags.ts';
import type { Verb } from './verb.ts';

const WIDTH = 80;
/** Flags and verbs stand in this many columns; what they mean begins behind it. */
const NAME_WIDTH = 28;

/** Of the whole command. */
export function commandHelp(definition: ApiCommandDefinition): string {
  const { name, about, verbs, examples } = definition;
  const [first] = verbs;
  const hasVerbs = verbs.length > 1 || first?.name !== '';
  const lines = [...usageOf(definition, verbs), '', ...about.trim().split('\n')];
  if (hasVerbs) {
    lines.push('', 'Verbs:', ...verbs.flatMap((each) => entry(`  ${verbUsage(each)}`, each.summary)));
  }
  if (first !== undefined && !definition.needsVerb) {
    lines.push(...flagSection(hasVerbs ? `Options of ${first.name}` : 'Options', first.flags));
  }
  lines.push(...examplesOf(examples));
  if (first !== undefined) lines.push(...flagSection('Connection and output', first.sharedFlags));
  if (hasVerbs) lines.push('', `leveret ${name} <verb> --help explains a verb and its options.`);
  return `${lines.join('\n')}\n`;
}

/** Of one verb. */
export function verbHelp(definition: ApiCommandDefinition, verb: Verb): string {
  const examples = definition.examples.filter(([line]) =>
    line.startsWith(`leveret ${definition.name} ${verb.name}`),
  );
  const lines = [...usageOf(definition, [verb]), '', sentence(verb.summary)];
  lines.push(...flagSection('Options', verb.flags), ...examplesOf(examples));
  lines.push(...flagSection('Connection and output', verb.sharedFlags));
  return `${lines.join('\n')}\n`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

function usageOf({ name, needsVerb }: ApiCommandDefinition, verbs: readonly Verb[]): string[] {
  const [only] = verbs;
  if (verbs.length === 1 && only !== undefined) {
    return [`Usage: leveret ${[name, verbUsage(only), '[options]'].filter((part) => part !== '').join(' ')}`];
  }
  return [`Usage: leveret ${name} ${needsVerb ? '<verb>' : '[verb]'} [options]`];
}

function verbUsage({ name, operands }: Verb): string {
  const places = operands.map(({ name: place, many, optional }) => {
    const shown = many ? `${place}...` : place;
    return optional ? `[${shown}]` : shown;
  });
  return [name, ...places].filter((part) => part !== '').join(' ');
}

function flagSection(title: string, flags: Flags): string[] {
  const entries = Object.entries(flags);
  if (entries.length === 0) return [];
  return [
    '',
    `${title}:`,
    ...entries.flatMap(([key, { placeholder, doc, initialText, variable }]) => {
      const value = placeholder === undefined ? '' : ` <${placeholder}>`;
      const fallback = initialText === undefined ? '' : ` (${initialText})`;
      const alsoIn = variable === undefined ? '' : `; ${variable}`;
      return entry(`  ${flagName(key)}${value}`, `${doc}${fallback}${alsoIn}`);
    }),
  ];
}

function examplesOf(examples: ApiCommandDefinition['examples']): string[] {
  if (examples.length === 0) return [];
  return ['', 'Examples:', ...examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`])];
}

/** A name and what it means, in lines of their own when there is no room beside it. */
function entry(name: string, meaning: string): string[] {
  const wrapped = wrap(meaning, WIDTH - NAME_WIDTH);
  const indented = wrapped.map((line) => ' '.repeat(NAME_WIDTH) + line);
  if (name.length > NAME_WIDTH - 2) return [name, ...indented];
  return [name.padEnd(NAME_WIDTH) + (wrapped[0] ?? ''), ...indented.slice(1)];
}
