import type { vhosts as english } from '../en/vhosts.ts';

export const vhosts: typeof english = {};
