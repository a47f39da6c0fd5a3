/**
 * Brings a nats-server that is new enough into `.cache/nats-server/`, for the tests of the distributed engine: the package of Debian's
 * unstable suite, unpacked and not installed. apt gets a configuration of its own in a temporary directory, with the mirror of the
 * machine's sources, so that nothing of the machine changes and no root is needed.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versionMin = [2, 14];
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, '.cache', 'nats-server');
const program = join(folder, 'nats-server');

try {
  if (isNewEnough(versionOf(program))) say(`${program} is there: version ${versionOf(program)}.`);
  else fetchServer();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function fetchServer() {
  if (!existsSync(keyring)) {
    fail(
      `The keys of Debian are not at ${keyring}: install its package debian-archive-keyring, or put a nats-server at ${program}.`,
    );
  }
  const directory = mkdtempSync(join(tmpdir(), 'leveret-apt-'));
  try {
    const configuration = configureApt(directory, mirror());
    run('apt-get', ['-c', configuration, 'update'], directory);
    run('apt-get', ['-c', configuration, 'download', 'nats-server'], directory);
    const archive = readdirSync(directory).find(
      (name) => name.startsWith('nats-server_') && name.endsWith('.deb'),
    );
    if (archive === undefined) fail('apt-get downloaded no package nats-server: its messages are above.');
    run('dpkg', ['-x', archive, 'unpacked'], directory);
    keep(join(directory, 'unpacked', 'usr', 'sbin', 'nats-server'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * apt that knows of nothing but the unstable suite of `uri`, and keeps all of its state in `directory`.
 *
 * @param {string} directory
 * @param {string} uri
 */
function configureApt(directory, uri) {
  for (const each of ['state/lists/partial', 'cache/archives/partial', 'parts']) {
    mkdirSync(join(directory, each), { recursive: true });
  }
  writeFileSync(join(directory, 'status'), '');
  writeFileSync(join(directory, 'sources.list'), `deb [signed-by=${keyring}] ${uri} sid main\n`);
  const configuration = join(directory, 'apt.conf');
  writeFileSync(
    configuration,
    [
      `Dir "${directory}";`,
      'Dir::State "state";',
      `Dir::State::status "${join(directory, 'status')}";`,
      'Dir::Cache "cache";',
      `Dir::Etc::SourceList "${join(directory, 'sources.list')}";`,
      `Dir::Etc::SourceParts "${join(directory, 'parts')}";`,
      // The suite may be a frozen one, of a mirror that keeps the past.
      'Acquire::Check-Valid-Until "false";',
      // A user of its own, as root has it, could not write into the directory.
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );
  return configuration;
}

/** The address of Debian in the machine's sources, in either of their formats; that of its network of mirrors, where there is none. */
function mirror() {
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  for (const file of ['/etc/apt/sources.list', ...names].filter((name) => existsSync(name))) {
    const found = file.endsWith('.sources')
      ? mirrorOfStanzas(readFileSync(file, 'utf8'))
      : mirrorOfLines(readFileSync(file, 'utf8'));
    if (found !== undefined) return found;
  }
  return 'http://deb.debian.org/debian';
}

/**
 * `deb [options] URI suite components`
 *
 * @param {string} text
 */
function mirrorOfLines(text) {
  for (const line of text.split('\n')) {
    const uri = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1];
    if (uri !== undefined && isDebian(uri)) return uri;
  }
  return undefined;
}

/**
 * Paragraphs with `URIs: ...`
 *
 * @param {string} text
 */
function mirrorOfStanzas(text) {
  for (const line of text.split('\n')) {
    const uris = /^URIs:\s*(.*)$/i.exec(line)?.[1]?.split(/\s+/) ?? [];
    const uri = uris.find(isDebian);
    if (uri !== undefined) return uri;
  }
  return undefined;
}

/**
 * Others are archives of security updates and of other programs, which have no such suite.
 *
 * @param {string} uri
 */
function isDebian(uri) {
  return /\/debian\/?$/.test(uri);
}

/** @param {string} unpacked */
function keep(unpacked) {
  const version = versionOf(unpacked);
  if (!isNewEnough(version)) {
    fail(
      `The mirror has nats-server ${version ?? 'of an unknown version'}, and ${versionMin.join('.')} or newer is needed: use a newer mirror.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  // In two steps, so that whoever looks meanwhile sees a whole program.
  const whole = `${program}.${process.pid}`;
  copyFileSync(unpacked, whole);
  renameSync(whole, program);
  say(`${program} is version ${version}.`);
}

/** @param {string} path */
function versionOf(path) {
  if (!existsSync(path)) return undefined;
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
}

/** @param {string | undefined} version */
function isNewEnough(version) {
  if (version === undefined) return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = versionMin;
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  if (done.error !== undefined)
    fail(`${command} did not start (${done.error.message}): it comes with Debian and its relatives.`);
  if (done.status === 0) return;
  say(`${done.stdout}${done.stderr}`);
  fail(`${command} ${args.join(' ')} failed: its messages are above. Is the mirror reachable?`);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * @param {string} line
 * @returns {never}
 */
function fail(line) {
  throw new Error(line);
}
