import type { ApiRequest } from './api/api-client.ts';
import { EXIT_OK } from './command.ts';
import type { Flags } from './grammar/flags.ts';
import type { Invocation } from './grammar/verb.ts';
import { visible } from './terminal/text-width.ts';

/**
 * Asks for a change and says in one line that it is done: `done` when it was made, `already` when the broker says that
 * nothing was new (204 to a PUT). An answer that has a body is printed with `--json`.
 */
export async function change(
  { api, output, json }: Invocation<Flags>,
  request: ApiRequest,
  done: string,
  already: string = done,
): Promise<number> {
  const answer = await api.ask(request);
  if (!json) output.lines([visible(answer.status === 204 && request.method === 'PUT' ? already : done)]);
  else if (answer.json !== undefined) output.json(answer.json);
  return EXIT_OK;
}
