import { afterAll, beforeAll, describe } from 'vitest';
import { callTests } from './call-tests.ts';
import { failureTests } from './failure-tests.ts';
import { flowTests } from './flow-tests.ts';
import { onceTests } from './once-tests.ts';
import { sagaTests } from './saga-tests.ts';
import type { StageFooting } from './stage.ts';
import { wireTests } from './wire-tests.ts';

/** Asks for the footing when a test runs. */
export type CurrentFooting = () => StageFooting;

/** What services promise, whichever broker they stand on. */
export function describeServices(name: string, open: () => Promise<StageFooting>): void {
  describe(name, () => {
    let footing: StageFooting | undefined;
    beforeAll(async () => {
      footing = await open();
    });
    afterAll(() => footing?.close());
    const current: CurrentFooting = () => footing as StageFooting;
    for (const tests of [callTests, onceTests, failureTests, flowTests, sagaTests, wireTests]) tests(current);
  });
}
