/** RabbitMQ 3.10.8 lets in whom the table says, with the requests that Leveret is asked, too. */
import { expect, onTestFinished, test } from 'vitest';
import { type Ask, letIn, makeThings, makeUsers } from '../management/authorisation-scene.ts';
import { LET_IN, NOT_AS_RABBITMQ } from '../management/authorisation-table.ts';
import { freePort } from '../servers/free-port.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import { describeWith, RABBITMQ } from './debian.ts';

describeWith(RABBITMQ, 'RabbitMQ', () => {
  test('lets in whom the table of authorisation says', { timeout: 900_000 }, async () => {
    const port = await freePort();
    const configuration = ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${port}`];
    const server = await startRabbitmq({ plugins: ['rabbitmq_management'], configuration });
    onTestFinished(() => server.close());
    const ask = askOf(`http://127.0.0.1:${port}`);
    await makeUsers(ask);
    await makeThings(ask);
    const node = await nodeName(`http://127.0.0.1:${port}`);
    const differences: string[] = [];
    for (const [name, expected] of Object.entries(LET_IN)) {
      const [method = '', url = ''] = name.split(' ');
      if (!url.startsWith('/api/') || name in NOT_AS_RABBITMQ) continue;
      const found = await letIn(ask, { method, url }, node);
      if (found !== expected) differences.push(`${name}: ${found}, but the table says ${expected}`);
    }
    expect(differences).toEqual([]);
  });
});

function authorization(user: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}` };
}

function askOf(httpUrl: string): Ask {
  return async (method, path, body, user) => {
    const answer = await fetch(`${httpUrl}${path}`, {
      method,
      headers: { ...authorization(user), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
}

async function nodeName(httpUrl: string): Promise<string> {
  const answer = await fetch(`${httpUrl}/api/overview`, { headers: authorization('guest') });
  return ((await answer.json()) as { node: string }).node;
}
