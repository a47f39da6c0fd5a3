import type { Clock, Timer } from '../clock.ts';
import type { App } from '../runtime/app.ts';
import { type InstanceReport, REPORT_MS } from './instance-report.ts';

/** Tells whoever started this process how far its services are, until `stop` is called. */
export function reportProgress(
  app: Pick<App, 'health'>,
  tell: (report: InstanceReport) => void,
  clock: Clock,
): { stop(): void } {
  let timer: Timer | undefined;
  let isStopped = false;
  let isTold = false;
  const tellOnce = async (): Promise<void> => {
    const { isReady, units } = await app.health();
    if (isStopped) return;
    if (!isTold) tell({ type: 'ready', services: units.map(({ service }) => service) });
    isTold = true;
    const sum = (count: (unit: (typeof units)[number]) => number): number =>
      units.reduce((total, unit) => total + count(unit), 0);
    tell({
      type: 'progress',
      isReady,
      handledCount: sum((unit) => unit.handledCount),
      inFlight: sum((unit) => unit.inFlight),
    });
    timer = clock.setTimer(REPORT_MS, () => void tellOnce());
  };
  void tellOnce();
  return {
    stop: () => {
      isStopped = true;
      timer?.cancel();
    },
  };
}
