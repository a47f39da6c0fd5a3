import { resolve } from 'node:path';
import { printable } from '../daemon/console-log.ts';
import { areLoopback, listeningText } from '../daemon/listening-text.ts';
import { OPTIONS, type OptionValues } from '../daemon/options.ts';
import { optionsHelp } from '../daemon/options-page.ts';
import type { RunningBroker } from '../daemon/start-broker.ts';
import { urlOf } from '../daemon/url-of.ts';
import { VERSION } from '../daemon/version.ts';

export function serveHelp(): string {
  return `Usage: leveret serve [options]

Starts the broker and runs it until Ctrl+C (or SIGTERM).

Any RabbitMQ client can connect to it. Each option can also be set in the
environment (--amqp-port as LEVERET_AMQP_PORT) or in a JSON configuration file
({"amqp-port": 5673}); a flag wins over the environment, that over the file.

  --config <path>
      The configuration file. Default: none.
  --help
      Print this text.

${optionsHelp()}
`;
}

/** What a person reads who has just started a broker. */
export function welcome(listeners: RunningBroker['listeners'], values: OptionValues): string {
  const first = (protocol: string): RunningBroker['listeners'][number] | undefined =>
    listeners.find((each) => each.protocol === protocol);
  const [amqp, http] = [first('amqp'), first('http')];
  return `Leveret ${VERSION}
${listeners.map((each) => listeningText(each, listeners)).join('\n')}
${whoMayLogIn(listeners, values)}
${whereMessagesAre(values)}
${amqp === undefined ? '' : firstMessage(urlOf(amqp), values)}${http === undefined ? '' : firstRequest(urlOf(http, 'http'), values)}
To stop: Ctrl+C
`;
}

function firstMessage(address: string, values: OptionValues): string {
  const url = `${address}${vhostPath(values.defaultVhost)}`;
  const login = hasKnownLogin(values) ? '' : loginOf(values);
  return `
To send and fetch a first message, with the amqp-tools of Debian and Ubuntu:
  amqp-declare-queue --url=${url}${login} -d -q hello
  amqp-publish --url=${url}${login} -p -r hello -b 'Hello World!'
  amqp-get --url=${url}${login} -q hello
`;
}

/** curl asks for the password when it gets a name alone. */
function firstRequest(url: string, values: OptionValues): string {
  const login = hasKnownLogin(values) ? 'guest:guest' : quoted(values.defaultUser);
  return `
To see what flows, in a browser: ${url}/
Over HTTP (what else can be asked is at ${url}/docs):
  curl -u ${login} ${url}/api/overview
`;
}

function hasKnownLogin({ defaultUser, defaultPassword }: OptionValues): boolean {
  return defaultUser === 'guest' && defaultPassword === 'guest';
}

/** The last line of a broker that was stopped. */
export function stoppedText({ storage, dataDir, clusterName }: OptionValues): string {
  switch (storage) {
    case 'memory':
      return 'Stopped.\n';
    case 'file':
      return `Stopped. Nothing durable is lost: it is in ${absolute(dataDir)}.\n`;
    case 'jetstream':
      return `Stopped. Nothing durable is lost: the NATS servers of cluster ${clusterName} keep it.\n`;
  }
}

function whereMessagesAre({ storage, dataDir, clusterName, nodeName, standby }: OptionValues): string {
  switch (storage) {
    case 'memory':
      return 'Messages are kept in memory: they are gone when the broker stops.';
    case 'file':
      return `Messages are kept in ${absolute(dataDir)}: durable queues and persistent messages outlive the broker.`;
    case 'jetstream':
      return (
        `This is node ${nodeName} of cluster ${clusterName}, whose messages NATS keeps: leveret cluster status shows who owns them.` +
        (standby === 'refuse'
          ? '\nUntil this node does, AMQP is closed and HTTP says only that (--standby refuse).'
          : '')
      );
  }
}

/** Whoever looks at the terminal may not know the working directory of the broker. */
function absolute(dataDir: string): string {
  return printable(resolve(dataDir));
}

/** Said only when other machines can reach the broker. */
function whoMayLogIn(listeners: RunningBroker['listeners'], values: OptionValues): string {
  const { defaultUser, defaultPassword, loopbackUsers } = values;
  if (areLoopback(listeners)) return '';
  if (loopbackUsers.includes(defaultUser)) {
    return `The user ${defaultUser} can log in from this machine only (see --loopback-users).\n`;
  }
  if (defaultPassword !== OPTIONS.defaultPassword.default) return '';
  return `
Warning: whoever reaches this machine can log in as ${defaultUser} with the password ${defaultPassword}.
Set another one in LEVERET_DEFAULT_PASSWORD, or a name of your own with --default-user.
`;
}

/** The vhost as the path of an AMQP URL, for a command line: without the marks that encodeURIComponent leaves in it. */
function vhostPath(vhost: string): string {
  if (vhost === '/') return '';
  const marks = /[!'()*]/g;
  return `/${encodeURIComponent(vhost).replace(marks, (mark) => `%${mark.charCodeAt(0).toString(16)}`)}`;
}

/** Flags of amqp-tools for a user other than guest; the password is the reader's to put in. */
function loginOf(values: OptionValues): string {
  return ` --username=${quoted(values.defaultUser)} --password=...`;
}

function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
