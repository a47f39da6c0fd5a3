/**
 * Makes a checkout ready to run: installs what is missing, then builds what is stale. `npm start` and `npm test` call it
 * first, so it may use nothing but Node.js itself and stays silent when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeMin = [20, 19];

refuseOldNode();
if (!isInstalled()) install();
build();
if (dashboardIsStale()) buildDashboard();

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = nodeMin;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  stop(
    `Leveret needs Node.js ${nodeMin.join('.')} or newer, and this is ${process.versions.node}. ` +
      'Install a newer Node.js and run the same command again.',
  );
}

/** True when every package of the lock file is there in its locked version. Packages for other platforms may be absent. */
function isInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

function install() {
  say('Installing the packages that the build needs (npm ci) ...');
  // npm names its own program in npm_execpath; running that with this Node.js needs no shell on any platform.
  const npm = process.env['npm_execpath'];
  const argv = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = npm?.endsWith('js')
    ? spawnSync(process.execPath, [npm, ...argv], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', argv, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (done.status !== 0) stop('npm ci failed: its messages are above. Is the package registry reachable?');
}

/** `tsc -b` compares sources and outputs itself, and returns within half a second when all is fresh. */
function build() {
  if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) say('Building (tsc -b) ...');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) stop('The build failed: the compiler says why above.');
}

/** What it is made of is newer than what was made. */
function dashboardIsStale() {
  const page = join(root, 'dist', 'dashboard', 'index.html');
  if (!existsSync(page)) return true;
  const builtMs = statSync(page).mtimeMs;
  const folder = join(root, 'src', 'dashboard');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  return [...sources, join(root, 'package-lock.json')].some((file) => statSync(file).mtimeMs > builtMs);
}

function buildDashboard() {
  say('Building the dashboard (vite build) ...');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const argv = [vite, 'build', join(root, 'src', 'dashboard'), '--logLevel', 'warn'];
  const done = spawnSync(process.execPath, argv, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) stop('The build of the dashboard failed: the bundler says why above.');
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * @param {string} line
 * @returns {never}
 */
function stop(line) {
  say(line);
  process.exit(1);
}
