import type { OptionValues } from '../daemon/options.ts';
import { optionsHelp } from '../daemon/options-page.ts';
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

/** What a person reads who has just started a broker. `urls` is not empty. */
export function welcome(urls: readonly string[], values: OptionValues): string {
  const [url = ''] = urls;
  const login = values.defaultUser === 'guest' && values.defaultPassword === 'guest' ? '' : loginOf(values);
  return `Leveret ${VERSION}
${urls.map((each) => `AMQP listening on ${each}`).join('\n')}

Messages are kept in memory: they are gone when the broker stops.

To send and fetch a first message, with the amqp-tools of Debian and Ubuntu:
  amqp-declare-queue --url=${url}${login} -q hello
  amqp-publish --url=${url}${login} -r hello -b 'Hello World!'
  amqp-get --url=${url}${login} -q hello

To stop: Ctrl+C
`;
}

/** Flags of amqp-tools for a user other than guest; the password is the reader's to put in. */
function loginOf(values: OptionValues): string {
  return ` --username=${quoted(values.defaultUser)} --password=...`;
}

function quoted(word: string): string {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
