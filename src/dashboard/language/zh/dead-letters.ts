import type { deadLetters as english } from '../en/dead-letters.ts';

export const deadLetters: typeof english = {};
