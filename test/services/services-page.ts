import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const SERVICES_PAGE: string = readFileSync(
  fileURLToPath(new URL('../../docs/services.md', import.meta.url)),
  'utf8',
);

/** The blocks of code of the page in a language. */
export function examplesIn(language: string): string[] {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...SERVICES_PAGE.matchAll(block)].map(([, code = '']) => code);
}
