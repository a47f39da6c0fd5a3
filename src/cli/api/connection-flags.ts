import { readFileSync } from 'node:fs';
import { OptionError } from '../../daemon/option-error.ts';
import { text } from '../../daemon/option-kinds.ts';
import { anyText, kindOf, timeSpan } from '../grammar/flag-kinds.ts';
import {
  type Flag,
  type Flags,
  type FlagValues,
  option,
  optionOr,
  orVariable,
  toggle,
} from '../grammar/flags.ts';
import { promptSecret } from '../terminal/secret-prompt.ts';
import type { ApiTarget } from './api-client.ts';

const DEFAULT_URL = 'http://127.0.0.1:15672';
const DEFAULT_USER = 'guest';
const DEFAULT_TIMEOUT_MS = 10_000;

const httpUrl = kindOf('url', `a URL like ${DEFAULT_URL} or https://broker.example:15671`, (found) => {
  const url = URL.canParse(found) ? new URL(found) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined;
});

/** `http://` in front of the URL is often forgotten, and a password must not be repeated in a message. */
const urlFlag: Flag<URL> = {
  placeholder: 'url',
  doc: 'where the HTTP API of the broker is',
  initial: new URL(DEFAULT_URL),
  initialText: DEFAULT_URL,
  read: (source, found) => {
    const url = httpUrl.fromText(found);
    if (url !== undefined) return url;
    throw new OptionError(`${source}: bad value '${withoutPassword(found)}'; allowed: ${httpUrl.allowed}`);
  },
};

/** What every command over the HTTP API takes. */
export const CONNECTION_FLAGS: {
  readonly url: Flag<URL>;
  readonly user: Flag<string | undefined>;
  readonly password: Flag<string | undefined>;
  readonly passwordFile: Flag<string | undefined>;
  readonly ca: Flag<string | undefined>;
  readonly timeout: Flag<number>;
  readonly json: Flag<boolean>;
} = {
  url: orVariable(urlFlag, 'LEVERET_URL'),
  user: orVariable(option(text('name'), `the user to log in as (${DEFAULT_USER})`), 'LEVERET_USER'),
  password: orVariable(
    option(anyText('password'), 'its password; others on this machine can see it here'),
    'LEVERET_PASSWORD',
  ),
  passwordFile: option(text('path'), 'a file whose first line is the password'),
  ca: orVariable(option(text('path'), 'certificates of the authority to trust (PEM)'), 'LEVERET_CA'),
  timeout: {
    ...optionOr(timeSpan(100, 3_600_000), DEFAULT_TIMEOUT_MS, 'how long to wait for an answer'),
    initialText: '10s',
  },
  json: toggle('print the JSON of the API'),
};

export type ConnectionValues = FlagValues<typeof CONNECTION_FLAGS & Flags>;

/**
 * Where and as whom to ask. A password that is not given is asked for on the terminal, except for guest.
 *
 * @throws OptionError when there is no password, or a file cannot be read.
 */
export async function targetOf(values: ConnectionValues): Promise<ApiTarget> {
  const url = new URL(values.url);
  const username = values.user ?? (decodeURIComponent(url.username) || DEFAULT_USER);
  const inUrl = decodeURIComponent(url.password);
  const password = await passwordOf(values, username, inUrl);
  url.username = '';
  url.password = '';
  const ca = values.ca === undefined ? undefined : fileText(values.ca, '--ca');
  return { url, username, password, timeoutMs: values.timeout, ca };
}

async function passwordOf(values: ConnectionValues, username: string, inUrl: string): Promise<string> {
  if (values.passwordFile !== undefined) return firstLine(values.passwordFile, '--password-file');
  if (values.password !== undefined) return values.password;
  if (inUrl !== '') return inUrl;
  if (username === DEFAULT_USER) return DEFAULT_USER;
  if (process.stdin.isTTY) return promptSecret(`Password of ${username}: `);
  throw new OptionError(
    `the password of user '${username}' is missing; set LEVERET_PASSWORD, or name a file with --password-file`,
  );
}

/** The first line of a file: what an editor adds at the end is no part of a secret. */
export function firstLine(path: string, flag: string): string {
  const [line = ''] = fileText(path, flag).split(/\r?\n/);
  if (line === '') throw new OptionError(`option ${flag}: ${path} is empty`);
  return line;
}

export function fileText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OptionError(`option ${flag}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}
