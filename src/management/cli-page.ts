/**
 * The page /cli, where users of RabbitMQ look for rabbitmqadmin. That script is RabbitMQ's own, and no part of this broker: when it
 * is installed on this machine it is served from here, as RabbitMQ does.
 */
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** Where packages put it. */
const SCRIPTS = ['/usr/bin/rabbitmqadmin', '/usr/sbin/rabbitmqadmin', '/usr/local/bin/rabbitmqadmin'];
/** Debian's package and RabbitMQ's own keep one folder per version here. */
const LIBRARIES = ['/usr/lib/rabbitmq/lib', '/opt/rabbitmq/lib'];
const SCRIPT_BYTES_MAX = 2 ** 20;
/** A later rabbitmqadmin is a program, which is of no use to another machine. */
const PYTHON_SCRIPT = /^#!.*python/;

const ABSENT =
  'rabbitmqadmin is not installed on the machine of this broker. It comes with RabbitMQ: take it from the package ' +
  'rabbitmq-server of Debian or Ubuntu (/usr/bin/rabbitmqadmin), or from the sources of RabbitMQ 3.13 ' +
  '(deps/rabbitmq_management/bin/rabbitmqadmin). The command leveret does the same, and needs nothing else.\n';

/** `candidates`: where to look for the script, those that come first first; the usual places unless given. */
export function cliRoutes(app: FastifyInstance, candidates?: readonly string[]): void {
  app.get('/cli', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  app.get('/cli/rabbitmqadmin', async (_request, reply) => {
    const script = await findScript(candidates ?? (await usualPlaces()));
    if (script === undefined) return reply.code(404).type('text/plain; charset=utf-8').send(ABSENT);
    return reply
      .header('content-disposition', 'attachment; filename="rabbitmqadmin"')
      .type('text/plain; charset=utf-8')
      .send(script);
  });
}

async function usualPlaces(): Promise<readonly string[]> {
  const found: string[] = [...SCRIPTS];
  for (const library of LIBRARIES) {
    for (const version of await namesIn(library)) {
      const plugins = join(library, version, 'plugins');
      for (const plugin of await namesIn(plugins)) {
        if (plugin.startsWith('rabbitmq_management-'))
          found.push(join(plugins, plugin, 'priv/www/cli/rabbitmqadmin'));
      }
    }
  }
  return found;
}

async function findScript(candidates: readonly string[]): Promise<string | undefined> {
  for (const path of candidates) {
    if (!(await isReadable(path)) || (await stat(path)).size > SCRIPT_BYTES_MAX) continue;
    const text = await readFile(path, 'utf8');
    if (PYTHON_SCRIPT.test(text)) return text;
  }
  return undefined;
}

function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What is in a folder; nothing when it is not there. */
function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Command line tools</title>
</head>
<body>
<h1>Command line tools</h1>
<h2>leveret</h2>
<p>The command that runs this broker also asks it. It prints tables, or JSON with <code>--json</code>:</p>
<pre>leveret queues
leveret publish orders 'Hello World!'
leveret definitions export definitions.json
leveret --help</pre>
<h2>rabbitmqadmin</h2>
<p>RabbitMQ's own script works with this broker, too. It needs Python 3.</p>
<p>Debian and Ubuntu have it in the package <code>rabbitmq-server</code>, as <code>/usr/bin/rabbitmqadmin</code>.
If it is installed on the machine of this broker, you can
<a href="/cli/rabbitmqadmin">download rabbitmqadmin</a> from here:</p>
<pre>curl -O http://<var>host</var>:15672/cli/rabbitmqadmin
python3 rabbitmqadmin --host <var>host</var> --username <var>name</var> --password <var>password</var> list queues</pre>
</body>
</html>
`;
