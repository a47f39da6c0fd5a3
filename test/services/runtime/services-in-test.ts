import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { command, event, type Service, service } from '../../../src/services/services.ts';

export const amount = z.object({ id: z.string(), amount: z.number() });

/** A command with a reply, and an event, for tests of what runs them. */
export const pay = command('bank.pay', amount, { reply: z.object({ balance: z.number() }) });
export const paid = event('bank.paid', amount);

export const migrations: string = fileURLToPath(new URL('migrations', import.meta.url));

/** A service with a table `payments (id, amount)`, whose ids may come twice. */
export function bank(): Service<{ readonly database: true; readonly cache: false }> {
  return service('bank', { database: { migrations } });
}
