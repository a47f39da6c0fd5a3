import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const [english = '', chinese = ''] = ['README.md', 'README.zh-CN.md'].map((name) =>
  readFileSync(join(import.meta.dirname, '..', name), 'utf8'),
);

/** What is code is the same in every language, but for its comments. */
function codeOf(text: string): string[] {
  const blocks = text.matchAll(/```(\w+)\n(.*?)```/gs);
  return [...blocks].map(([, language, code]) => `${language}\n${withoutComments(code ?? '')}`);
}

function withoutComments(code: string): string {
  return code
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)(?:#|\/\/) .*$/, ''))
    .join('\n');
}

function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target ?? '').sort();
}

function headingCount(text: string): number {
  return [...text.replaceAll(/```.*?```/gs, '').matchAll(/^#+ /gm)].length;
}

describe('README.zh-CN.md', () => {
  it('has the code of README.md', () => {
    expect(codeOf(english).length).toBeGreaterThan(5);
    expect(codeOf(chinese)).toEqual(codeOf(english));
  });

  it('has its headings and its links', () => {
    expect(headingCount(english)).toBeGreaterThan(8);
    expect(headingCount(chinese)).toBe(headingCount(english));
    expect(linksOf(chinese)).toEqual(linksOf(english));
  });

  it('has its pictures', () => {
    const pictures = (text: string): string[] => [...text.matchAll(/src(?:set)?="([^"]+)"/g)].map(String);
    expect(pictures(english).length).toBeGreaterThan(2);
    expect(pictures(chinese).map((each) => each.split('"')[1])).toEqual(
      pictures(english).map((each) => each.split('"')[1]),
    );
  });
});
