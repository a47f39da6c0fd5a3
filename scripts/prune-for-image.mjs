/**
 * Removes what only builds and tests from node_modules, for the container image. The client of NATS stays: with
 * `--storage jetstream` the broker loads it, and in an image nobody can add it. It is among the packages for tests, since who does
 * without a cluster does without it; so package.json is changed here, in the image alone.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const KEPT = ['@nats-io/jetstream', '@nats-io/kv', '@nats-io/transport-node'];

const project = JSON.parse(readFileSync('package.json', 'utf8'));
for (const name of KEPT) {
  project.dependencies[name] = project.devDependencies[name];
  delete project.devDependencies[name];
}
writeFileSync('package.json', `${JSON.stringify(project, null, 2)}\n`);
// What is there is there in the versions of the lock file, which npm need not ask anybody about.
const { status } = spawnSync('npm', ['prune', '--omit=dev', '--offline'], { stdio: 'inherit' });
process.exitCode = status ?? 1;
