import type { exchanges as english } from '../en/exchanges.ts';

export const exchanges: typeof english = {};
