/**
 * The rules that keep the repository tidy, as pure functions from file names and texts to the list of what is wrong.
 * Words that the rules forbid are put together from halves here, because the rules read this file too.
 */
import { posix } from 'node:path';

const fileBytesMax = 1 << 20;

const forbiddenNameWords = ['util', 'utils', 'helper', 'helpers', 'manager', 'common', 'misc', 'info'];

/** What is wrong with one text file, one line per finding, as `file:line: what`. */
export function fileProblems(file: string, text: string): string[] {
  return [...nameProblems(file), ...sizeProblems(file, text), ...lineProblems(file, text)];
}

function nameProblems(file: string): string[] {
  const folder = file.split('/')[0] ?? '';
  if (!file.includes('/') || !['src', 'test', 'bench', 'scripts', 'docs'].includes(folder)) return [];
  const problems: string[] = [];
  for (const segment of file.split('/')) {
    const words = segment.split(/[-._]/);
    const word = words.find((each) => forbiddenNameWords.includes(each));
    if (word !== undefined && !isNamedForClient(file))
      problems.push(`${file}: "${word}" in a name says nothing: name the file for what it does`);
    if (!isKebabCase(segment)) problems.push(`${file}: "${segment}" is not in kebab-case`);
  }
  return problems;
}

/** The interop tests carry the names of the clients, whatever these are called. */
function isNamedForClient(file: string): boolean {
  return file.startsWith('test/interop/');
}

/** Python modules cannot have a hyphen in their name, and a README is written in capitals everywhere. */
function isKebabCase(segment: string): boolean {
  if (segment === 'README.md') return true;
  const word = segment.endsWith('.py') ? /^[a-z0-9]+([-_.][a-z0-9]+)*$/ : /^[a-z0-9]+([-.][a-z0-9]+)*$/;
  return word.test(segment);
}

function sizeProblems(file: string, text: string): string[] {
  const problems: string[] = [];
  if (text.length > fileBytesMax)
    problems.push(`${file}: ${text.length} bytes, and ${fileBytesMax} are allowed`);
  if (text !== '' && !text.endsWith('\n')) problems.push(`${file}: does not end with a newline`);
  return problems;
}

interface LineRule {
  readonly pattern: RegExp;
  readonly problem: string;
  applies(file: string): boolean;
  /** True for a rule about code: comments, strings and patterns are blanked before it looks. */
  readonly codeOnly?: true;
}

const isSource = (file: string): boolean => /\.(ts|tsx|mts|mjs|js)$/.test(file);
const isLayerWithoutHost = (file: string): boolean =>
  /^src\/(codec|core)\/.*\.ts$/.test(file) && !file.endsWith('.test.ts');
const everywhere = (): boolean => true;

/** What only a host has. A property of that name (`x.process`, `process:`) is not meant. */
const hostWords =
  /(?<![.\w$])(Date|process|setTimeout|setInterval|setImmediate|queueMicrotask|JSON|console|Buffer|TextDecoder|TextEncoder|async|await|globalThis)\b(?!\??:)|\bMath\.random\b/;

const lineRules: readonly LineRule[] = [
  { pattern: /\t/, problem: 'a tab', applies: (file) => file !== '.gitmodules' },
  { pattern: /\r/, problem: 'a carriage return', applies: everywhere },
  { pattern: /[ \t]+\r?$/, problem: 'space at the end of the line', applies: everywhere },
  {
    pattern: new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|X${'XX'})\\b`),
    problem: 'a note to do it later: do it, or open an issue',
    applies: everywhere,
  },
  {
    pattern: /\bas any\b|<any>|: any\b/,
    problem: 'the type any: use unknown and narrow it',
    applies: isSource,
    codeOnly: true,
  },
  {
    pattern: /@ts-(ignore|nocheck)\b|@ts-expect-error\s*$/,
    problem: 'the compiler silenced: say why with ts-expect-error, or repair the type',
    applies: isSource,
  },
  {
    pattern: /biome-[i]gnore(?!(-all|-start|-end)? \S+: \S+)/,
    problem: 'the linter silenced without a reason',
    applies: isSource,
  },
  {
    pattern: /\b(it|test|describe)\.only\(/,
    problem: 'a test that hides all others',
    applies: isSource,
    codeOnly: true,
  },
  {
    pattern: /^\s*export default\b/,
    problem: 'a default export: give it its name',
    // the bundler asks for one
    applies: (file) => file.startsWith('src/') && !file.endsWith('/vite.config.ts'),
    codeOnly: true,
  },
  {
    pattern: /(?<![\w./:*@-])\/(home|work|root|tmp|Users)\/\w/,
    problem: 'a path of one machine',
    applies: (file) => file.endsWith('.md'),
  },
  {
    pattern: /(?<![\w./:*@-])\/(home|work|Users)\/\w/,
    problem: 'a path of one machine',
    applies: (file) => !file.endsWith('.md'),
  },
  {
    pattern: /dangerouslySetInnerHTML|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write\b/,
    problem: 'HTML made of a string: what clients say is shown as text',
    applies: (file) => file.startsWith('src/dashboard/'),
    codeOnly: true,
  },
  {
    pattern: /https?:\/\/(?!www\.w3\.org\/)/,
    problem: 'an address elsewhere: the dashboard works without the internet',
    applies: (file) => /^src\/dashboard\/.*\.(css|html|svg)$/.test(file),
  },
  {
    pattern: hostWords,
    problem: 'is not for codec and core, which have no host',
    applies: isLayerWithoutHost,
    codeOnly: true,
  },
];

function lineProblems(file: string, text: string): string[] {
  const rules = lineRules.filter((rule) => rule.applies(file));
  const codeLines = isSource(file) ? codeOf(text).split('\n') : [];
  return text.split('\n').flatMap((line, index) =>
    rules.flatMap(({ pattern, problem, codeOnly }) => {
      const found = pattern.exec(codeOnly ? (codeLines[index] ?? '') : line);
      return found === null ? [] : [`${file}:${index + 1}: ${JSON.stringify(found[0])}: ${problem}`];
    }),
  );
}

/** A comment, a string, a template or a regular expression, whichever begins first. A regular expression follows an operator. */
const notCode =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|(?<=[=(,:!&|?;{[]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

/** The text with everything blanked that is no code. Lines keep their numbers. */
function codeOf(text: string): string {
  return text.replace(notCode, (found) => found.replace(/[^\n]/g, ' '));
}

const link = /\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)/g;

/**
 * Links between pages: each must lead to a file or folder that exists, and each page of docs must be reachable from the
 * README or from the index of docs.
 *
 * @param pages the text of each Markdown file by its path
 * @param files the paths of all files of the repository
 */
export function linkProblems(pages: ReadonlyMap<string, string>, files: readonly string[]): string[] {
  const known = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  const problems: string[] = [];
  const linked = new Set<string>();
  for (const [page, text] of pages) {
    for (const target of targetsOf(page, text)) {
      if (!known.has(target)) problems.push(`${page}: links to ${target}, which does not exist`);
      if (page === 'README.md' || page === 'docs/README.md') linked.add(target);
    }
  }
  for (const page of pages.keys()) {
    if (page.startsWith('docs/') && page !== 'docs/README.md' && !linked.has(page)) {
      problems.push(`${page}: neither README.md nor docs/README.md links to it`);
    }
  }
  return problems;
}

const codeSpan = /`([^`\n]+)`/g;
/** A path of the repository, or a source file that is named without its folder or without `src/`. */
const namedPath =
  /(?<![\w./*-])(?:(?:src|test|bench|scripts)\/[\w./-]+|[\w/-]+\.(?:test\.)?(?:ts|mjs))(?![\w*/])/g;

/**
 * Files that pages name in code spans: each must exist. Inside `src` the beginning of the path may be left out.
 *
 * @param pages the text of each Markdown file by its path
 * @param files the paths of all files of the repository
 */
export function pathProblems(pages: ReadonlyMap<string, string>, files: readonly string[]): string[] {
  const known = files.flatMap((file) => [file, ...foldersOf(file)]);
  const exists = (path: string): boolean => known.some((each) => each === path || each.endsWith(`/${path}`));
  return [...pages].flatMap(([page, text]) => {
    const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
    const named = [...prose.matchAll(codeSpan)].flatMap((span) => (span[1] ?? '').match(namedPath) ?? []);
    return named
      .map((path) => path.replace(/\/$/, ''))
      .filter((path) => !exists(path))
      .map((path) => `${page}: names ${path}, which does not exist`);
  });
}

function foldersOf(file: string): string[] {
  const segments = file.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
}

/** The files that a page links to, as paths from the root. Code and links to other sites are left out. */
function targetsOf(page: string, text: string): string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(link)]
    .map((found) => (found[1] ?? '').replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/i.test(target))
    .map((target) => posix.join(posix.dirname(page), decodeURI(target)).replace(/\/$/, ''));
}
