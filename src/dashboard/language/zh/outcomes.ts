import type { outcomes as english } from '../en/outcomes.ts';

export const outcomes: typeof english = {};
