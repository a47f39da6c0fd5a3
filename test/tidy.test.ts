import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileProblems, linkProblems, pathProblems } from './tidy-problems.ts';

const root = join(import.meta.dirname, '..');

/** Every file that git knows or would add, but for the lock file, which npm writes. */
function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = listed.split('\0').filter((file) => file !== '' && file !== 'package-lock.json');
  return [...new Set(files)].filter((file) => existsSync(join(root, file))).sort();
}

describe('the repository', () => {
  const files = repositoryFiles();
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

  it('is tidy in every file', () => {
    const problems = [...texts].flatMap(([file, text]) =>
      text.includes('\0') ? [] : fileProblems(file, text),
    );
    expect(problems).toEqual([]);
  });

  it('has no broken link and no page of docs that nobody links to', () => {
    const pages = new Map([...texts].filter(([file]) => file.endsWith('.md')));
    expect(linkProblems(pages, files)).toEqual([]);
  });

  it('has every file that its pages name', () => {
    const pages = new Map([...texts].filter(([file]) => file.endsWith('.md')));
    expect(pathProblems(pages, files)).toEqual([]);
  });
});

describe('the rules of a tidy file', () => {
  const bad: [rule: string, file: string, text: string, found: string][] = [
    ['tabs', 'src/core/queue.ts', 'a\n\tb\n', 'src/core/queue.ts:2: "\\t": a tab'],
    ['space at the end of a line', 'docs/x.md', 'a \n', 'space at the end of the line'],
    ['carriage returns', 'README.md', 'a\r\n', 'a carriage return'],
    ['a missing newline at the end', 'README.md', 'a', 'README.md: does not end with a newline'],
    ['large files', 'docs/x.md', `${'a'.repeat(1 << 20)}\n`, 'docs/x.md: 1048577 bytes'],
    ['notes to do it later', 'src/core/queue.ts', `// ${'TO'}${'DO'}: later\n`, 'a note to do it later'],
    ['the type any', 'src/core/queue.ts', `const a = b as ${'any'};\n`, 'the type any'],
    ['a silenced compiler', 'src/core/queue.ts', `// @ts-${'ignore'}\n`, 'the compiler silenced'],
    ['a silenced linter', 'src/core/queue.ts', `// biome-${'ignore'} lint\n`, 'the linter silenced'],
    ['a single test', 'src/core/queue.test.ts', `it.${'only'}('x', f);\n`, 'a test that hides all others'],
    ['default exports', 'src/core/queue.ts', 'export default 1;\n', 'a default export'],
    ['empty words in names', 'src/core/queue-utils.ts', '', '"utils" in a name'],
    ['names in other cases', 'src/core/QueueState.ts', '', '"QueueState.ts" is not in kebab-case'],
    ['underscores in names', 'src/core/queue_state.ts', '', '"queue_state.ts" is not in kebab-case'],
    ['paths of a machine', 'docs/x.md', `see ${'/ho'}me/me/leveret\n`, 'a path of one machine'],
    ['a clock in core', 'src/core/queue.ts', 'const now = Date.now();\n', '"Date": is not for'],
    ['chance in core', 'src/core/queue.ts', 'const x = Math.random();\n', '"Math.random": is not for'],
    ['promises in core', 'src/core/queue.ts', 'async function f() {}\n', '"async": is not for'],
    ['a timer in codec', 'src/codec/frame.ts', 'setTimeout(f, 1);\n', '"setTimeout": is not for'],
    ['JSON in codec', 'src/codec/frame.ts', 'JSON.parse(x);\n', '"JSON": is not for'],
    ['HTML of a string', 'src/dashboard/a.tsx', 'a.innerHTML = b;\n', 'HTML made of a string'],
    ['styles from elsewhere', 'src/dashboard/a.css', '@import url(https://x.example);\n', 'elsewhere'],
    ['the type any in a component', 'src/dashboard/a.tsx', `const a = b as ${'any'};\n`, 'the type any'],
    ['the process in core', 'src/core/queue.ts', 'if (a) process.exit();\n', '"process": is not for'],
  ];
  it.each(bad)('refuse %s', (_rule, file, text, found) => {
    expect(fileProblems(file, text).join('\n')).toContain(found);
  });

  const good: [what: string, file: string, text: string][] = [
    ['words of the host in comments', 'src/core/queue.ts', '// no Date here\n/* nor\n process */\n'],
    ['words of the host in strings', 'src/core/queue.ts', "const a = 'Date \\' JSON';\n"],
    ['words of the host in patterns', 'src/core/queue.ts', "const a = /['Date]/;\nconst b = 1;\n"],
    ['names that contain words of the host', 'src/core/queue.ts', 'this.process(updateDate);\n'],
    ['a clock elsewhere', 'src/daemon/clock.ts', 'Date.now();\n'],
    ['a linter silenced with a reason', 'src/core/queue.ts', '// biome-ignore lint/x/y: the reason\n'],
    ['Python names', 'test/interop/pika/hello_world.py', 'a = 1\n'],
    ['the names of clients', 'test/interop/amqp-connection-manager.test.ts', ''],
    ['the path of an address', 'docs/x.md', 'http://localhost:15672/home/x\n'],
  ];
  it.each(good)('allow %s', (_what, file, text) => {
    expect(fileProblems(file, text)).toEqual([]);
  });
});

describe('the rules of paths in pages', () => {
  const files = ['README.md', 'src/core/queue/queue.ts', 'test/tidy.test.ts'];
  const problems = (text: string): string[] => pathProblems(new Map([['README.md', text]]), files);

  it('allow files, folders, layers and plain names that exist', () => {
    const named =
      '`src/core/queue/queue.ts` `src/core` `core/queue/` `queue.ts` `npm test -- test/tidy.test.ts`\n';
    expect(problems(named)).toEqual([]);
  });

  it('allow patterns, names that are no files, and what other programs call so', () => {
    expect(problems('`src/**/*.ts` `codec/x-type` `leveret/testing` `dist/cli/main.js`\n')).toEqual([]);
  });

  it.each([
    ['`src/core/queue.ts`', 'src/core/queue.ts'],
    ['`npm test -- src/core/queue.test.ts`', 'src/core/queue.test.ts'],
    ['`core/queue.ts`', 'core/queue.ts'],
    ['`lane.ts`', 'lane.ts'],
  ])('refuse %s, which is not there', (text, path) => {
    expect(problems(`${text}\n`)).toEqual([`README.md: names ${path}, which does not exist`]);
  });
});

describe('the rules of links', () => {
  const files = ['README.md', 'docs/README.md', 'docs/a.md', 'src/core/queue.ts'];

  it('allow links to files, folders, headings and other sites', () => {
    const readme = '[a](docs/a.md#x) [core](src/core/) [b](#b) [c](https://example.org/c)\n';
    const pages = new Map([
      ['README.md', readme],
      ['docs/a.md', '[up](../README.md "title")\n'],
    ]);
    expect(linkProblems(pages, files)).toEqual([]);
  });

  it('refuse a link to nothing', () => {
    const pages = new Map([
      ['docs/README.md', '[a](a.md) [b](b.md)\n'],
      ['docs/a.md', ''],
    ]);
    expect(linkProblems(pages, files)).toEqual(['docs/README.md: links to docs/b.md, which does not exist']);
  });

  it('refuse a page that is linked from another page only', () => {
    const pages = new Map([
      ['CHANGELOG.md', '[a](docs/a.md)\n'],
      ['docs/a.md', ''],
    ]);
    expect(linkProblems(pages, files)).toEqual([
      'docs/a.md: neither README.md nor docs/README.md links to it',
    ]);
  });

  it('take no link from code', () => {
    expect(linkProblems(new Map([['README.md', '```\n[a](b.md)\n```\n`[a](c.md)`\n']]), files)).toEqual([]);
  });
});
