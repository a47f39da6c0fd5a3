import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';

const IN_MEMORY = fileURLToPath(new URL('../../src/testing/test-broker.ts', import.meta.url));
const ON_JETSTREAM = fileURLToPath(new URL('./test-broker.ts', import.meta.url));
/** What stands on a virtual broker itself stays as it is. */
const NEIGHBOURS = /\/src\/testing\/[a-z-]+\.ts$/;

/** Tests that import the test broker get the one that keeps its messages in JetStream: suites are run on it as they are. */
export function onJetStream(): Plugin {
  return {
    name: 'on-jetstream',
    enforce: 'pre',
    async resolveId(source, importer) {
      if (importer === undefined || !source.endsWith('/test-broker.ts')) return undefined;
      if (importer === ON_JETSTREAM || NEIGHBOURS.test(importer)) return undefined;
      const resolved = await this.resolve(source, importer, { skipSelf: true });
      return resolved?.id === IN_MEMORY ? ON_JETSTREAM : resolved;
    },
  };
}
