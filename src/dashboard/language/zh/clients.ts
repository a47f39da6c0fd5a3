import type { clients as english } from '../en/clients.ts';

export const clients: typeof english = {};
