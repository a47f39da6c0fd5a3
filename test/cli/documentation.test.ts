import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startLeveret } from '../servers/leveret.ts';
import { PROJECT_ROOT, runCli } from './run-cli.ts';

const PAGE = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));
/** Between these headings each command line is run, in its order, against one broker. */
const [FIRST_HEADING, LAST_HEADING] = ['## leveret status', '## Exit codes'];
const TIMEOUT_MS = 240_000;

interface Example {
  readonly command: string;
  readonly output: readonly string[];
}

test('every example of the page is what the command prints', { timeout: TIMEOUT_MS }, async () => {
  const server = await startLeveret({ projectRoot: PROJECT_ROOT });
  const cwd = mkdtempSync(join(tmpdir(), 'leveret-docs-'));
  writeFileSync(join(cwd, 'robot-password.txt'), 'a long secret\n');
  try {
    for (const { command, output } of examples()) {
      const found = await runShown(command, server.httpUrl, cwd);
      expect(normalised(found), `$ ${command}\n${found.join('\n')}`).toEqual(normalised(output));
    }
  } finally {
    await server.close();
    rmSync(cwd, { recursive: true, force: true });
  }
});

/** `    $ leveret queues` and the lines below it, up to the next command or the end of the block. */
function examples(): Example[] {
  const page = readFileSync(PAGE, 'utf8');
  const part = page.slice(page.indexOf(`\n${FIRST_HEADING}\n`), page.indexOf(`\n${LAST_HEADING}\n`));
  const found: { command: string; output: string[] }[] = [];
  let isInBlock = false;
  for (const line of part.split('\n')) {
    if (line !== '' && !line.startsWith('    ')) isInBlock = false;
    const command = /^ {4}\$ (.*)$/.exec(line)?.[1];
    if (command !== undefined) {
      isInBlock = true;
      found.push({ command, output: [] });
    } else if (isInBlock) found.at(-1)?.output.push(line.slice(4));
  }
  return found;
}

/** Pipes and redirections are taken apart here: the programs around `leveret` are printf and seq. */
async function runShown(command: string, url: string, cwd: string): Promise<string[]> {
  const [, source, line = command] = /^(.*?) \| (leveret .*)$/.exec(command) ?? [];
  const [, plain = line, inputFile] = /^(.*) < (\S+)$/.exec(line) ?? [];
  const input =
    source === undefined
      ? inputFile === undefined
        ? ''
        : readFileSync(join(cwd, inputFile), 'utf8')
      : sourceText(source);
  const { stdout, stderr } = await runCli(wordsOf(plain).slice(1), { url, cwd, input });
  return (stdout + stderr).split('\n');
}

function sourceText(source: string): string {
  const count = Number(/^seq 1 (\d+)$/.exec(source)?.[1]);
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

/** What differs from run to run: numbers, times, sizes, addresses, and how wide the columns are because of them. */
function normalised(lines: readonly string[]): string[] {
  const texts = lines.map((line) =>
    line
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/\d[\d ]*(\.\d+)?/g, '0')
      .replace(/0 ?(d|h|m)( ?0 ?(h|m|s))?\b|0 ?m?s\b/g, 'SPAN')
      .replace(/0 ?([KMGT]i)?B\b/g, 'SIZE')
      .replace(/\b(idle|growing|stalled|draining|steady)\b/g, 'STATE')
      .replace(/[▁-█]+/g, '')
      .replace(/ +/g, ' ')
      .trim(),
  );
  while (texts.at(-1) === '') texts.pop();
  return texts;
}
