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

/** Those without the tag monitoring have no series of the whole broker, but samples of what they may see. */
export function useOverviewCurves(vhost: string | undefined, window: FlowWindow): CurvesAnswer {
  const { mayMonitor } = useSession();
  const bySeries = vhost !== undefined || mayMonitor;
  const series = useLive<FlowSeries>(bySeries ? seriesPath(vhost, window) : undefined);
  const sampled = useLive<SampledOverview>(bySeries ? undefined : sampledOverviewPath(window));
  const curves = useMemo(() => {
    if (bySeries) return series.data && curvesOfSeries(series.data);
    return sampled.data && curvesOfSamples(sampled.data);
  }, [bySeries, series.data, sampled.data]);
  return { answer: bySeries ? series : sampled, curves };
}
