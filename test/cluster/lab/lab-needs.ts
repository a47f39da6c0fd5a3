import { describe, test } from 'vitest';
import { PYTHON, pythonModule } from '../../interop/debian.ts';
import { natsInstalled } from '../../servers/nats.ts';
import { CAN_MAKE_NETWORKS } from './lab-network.ts';

/** What is missing for a lab on this machine, and how to get it. */
function missing(): string | undefined {
  if (!CAN_MAKE_NETWORKS) return 'root and the command ip, for networks of its own: apt-get install iproute2';
  if (!natsInstalled()) return 'nats-server: npm run fetch-nats';
  const { present, debianPackage } = pythonModule('pika', 'python3-pika');
  return present ? undefined : `a module of ${PYTHON}: apt-get install ${debianPackage}`;
}

/** Like vitest's `describe`, for suites that need a lab; skipped where there cannot be one, and in CI (`LEVERET_CI=1`) a failure. */
export function describeInLab(title: string, suite: () => void): void {
  const need = missing();
  if (need === undefined) {
    describe(title, suite);
  } else if (process.env['LEVERET_CI'] === '1') {
    test(`${title}: needs ${need}`, () => {
      throw new Error(`in CI this must be there: ${need}`);
    });
  } else {
    test.skip(`${title}: needs ${need}`);
  }
}
