/**
 * npm run complete-lock-file
 *
 * A package with native code names one optional package for each platform. npm leaves those that it could not look up, or
 * did not install, out of package-lock.json, and `npm ci` then refuses the lock file. This adds them in the version that is
 * asked for, so that the lock file serves every platform. Run it after any `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, '..', 'package-lock.json');
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const nested = lock.packages[`${path}/node_modules/${name}`];
    if (nested === undefined) lock.packages[`node_modules/${name}`] ??= platformPackage(name, version);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

/**
 * The platform as such names tell it: `@oxc-parser/binding-linux-x64-musl`.
 *
 * @param {string} name
 * @param {unknown} version
 */
function platformPackage(name, version) {
  const words = name.replace(/^.*\//, '').split('-');
  const os = words.find((word) => systems.includes(word));
  const cpu = words.find((word) => processors.includes(word));
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  if (os === undefined || cpu === undefined || typeof version !== 'string') {
    throw new Error(`${name}@${String(version)} names no known platform: add it to the lists of this script`);
  }
  const platform = os === 'linux' ? { cpu: [cpu], libc: [libc], os: [os] } : { cpu: [cpu], os: [os] };
  return { version, dev: true, optional: true, ...platform };
}
