import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FlowSeries, FlowWindow } from '../../data/flow.ts';
import type { ApiError } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import {
  curvesOfSamples,
  curvesOfSeries,
  type OverviewCurves,
  type SampledOverview,
  sampledOverviewPath,
  seriesPath,
} from '../../data/overview.ts';
import { useSession } from '../../data/session.tsx';

interface CurvesAnswer {
  readonly answer: UseQueryResult<FlowSeries | SampledOverview, ApiError>;
  readonly curves: OverviewCurves | undefined;
}

/**
 * Those without the tag monitoring have no series of the whole broker, but that of a vhost, and when they may enter several, samples
 * of what clients do there.
 */
export function useOverviewCurves(vhost: string | undefined, window: FlowWindow): CurvesAnswer {
  const { mayMonitor, permissions } = useSession();
  const onlyVhost = !mayMonitor && permissions.length === 1 ? permissions[0]?.vhost : undefined;
  const shown = vhost ?? onlyVhost;
  const bySeries = shown !== undefined || mayMonitor;
  const series = useLive<FlowSeries>(bySeries ? seriesPath(shown, window) : undefined);
  const sampled = useLive<SampledOverview>(bySeries ? undefined : sampledOverviewPath(window));
  const curves = useMemo(() => {
    if (bySeries) return series.data && curvesOfSeries(series.data);
    return sampled.data && curvesOfSamples(sampled.data);
  }, [bySeries, series.data, sampled.data]);
  return { answer: bySeries ? series : sampled, curves };
}
