import type { ReactNode } from 'react';
import type { Flow } from '../../data/flow.ts';
import { useLive } from '../../data/live-data.tsx';
import {
  NODES_PATH,
  type NodeAnswer,
  OVERVIEW_PATH,
  type OverviewAnswer,
  vhostFlowPath,
} from '../../data/overview.ts';
import { busiestPath, type RankedQueues } from '../../data/queue-ranking.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { newestOf } from '../../parts/chart-steps.ts';
import { Grid } from '../../parts/page.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import { Stat } from '../../parts/stat.tsx';
import { href } from '../../route.ts';
import { useOverviewCurves } from './use-overview-curves.ts';

interface FiguresProps {
  readonly vhost: string | undefined;
}

/** The numbers of now. */
export function OverviewFigures({ vhost }: FiguresProps): ReactNode {
  const { mayMonitor } = useSession();
  return (
    <Grid min="figure">
      <FlowFigures vhost={vhost} />
      <LevelFigures vhost={vhost} />
      {mayMonitor && <NodeFigures />}
    </Grid>
  );
}

function FlowFigures({ vhost }: FiguresProps): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const { curves } = useOverviewCurves(vhost, '60s');
  const { counted = 'queues', rateIn = [], rateOut = [], p95Ms } = curves ?? {};
  return (
    <>
      <Stat
        label={overview.rateIn[counted]}
        value={formats.rate(newestOf(rateIn))}
        note={<Sparkline values={rateIn} color="var(--series-in)" />}
      />
      <Stat
        label={overview.rateOut[counted]}
        value={formats.rate(newestOf(rateOut))}
        note={<Sparkline values={rateOut} color="var(--series-out)" />}
      />
      {p95Ms !== undefined && (
        <Stat
          label={overview.p95}
          value={formats.duration(newestOf(p95Ms))}
          note={<Sparkline values={p95Ms} color="var(--series-delay)" />}
        />
      )}
    </>
  );
}

interface Levels {
  readonly ready: number;
  readonly unacked: number;
  readonly stored: number;
  readonly consumers: number | undefined;
}

/** Of a vhost, or of all that the user may see. */
function useLevels(vhost: string | undefined, all: OverviewAnswer | undefined): Levels | undefined {
  const ofVhost = useLive<Flow>(vhost === undefined ? undefined : vhostFlowPath(vhost)).data;
  if (vhost !== undefined)
    return (
      ofVhost && {
        ready: ofVhost.messages_ready,
        unacked: ofVhost.messages_unacknowledged,
        stored: ofVhost.messages,
        consumers: ofVhost.consumers,
      }
    );
  return (
    all && {
      ready: all.queue_totals.messages_ready,
      unacked: all.queue_totals.messages_unacknowledged,
      stored: all.queue_totals.messages,
      consumers: all.object_totals.consumers,
    }
  );
}

function LevelFigures({ vhost }: FiguresProps): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const all = useLive<OverviewAnswer>(OVERVIEW_PATH).data;
  const queues = useLive<RankedQueues>(busiestPath(vhost)).data;
  const levels = useLevels(vhost, all);
  const channels = overview.channels(formats.count(all?.object_totals.channels));
  return (
    <>
      <Stat label={overview.ready} value={formats.shortCount(levels?.ready)} note={overview.readyNote} />
      <Stat
        label={overview.unacked}
        value={formats.shortCount(levels?.unacked)}
        note={overview.unackedNote}
      />
      <Stat label={overview.stored} value={formats.shortCount(levels?.stored)} note={overview.storedNote} />
      <Stat label={overview.queues} value={formats.shortCount(queues?.total_count)} href={href(['queues'])} />
      <Stat
        label={overview.connections}
        value={formats.shortCount(all?.object_totals.connections)}
        note={vhost === undefined ? channels : overview.allVhosts}
        href={href(['connections'])}
      />
      {levels?.consumers !== undefined && (
        <Stat
          label={overview.consumers}
          value={formats.shortCount(levels.consumers)}
          href={href(['consumers'])}
        />
      )}
    </>
  );
}

/** From there on the figure warns. */
const MEMORY_SHARE_WARN = 0.8;
const DISK_LIMITS_WARN = 2;

function NodeFigures(): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const node = useLive<readonly NodeAnswer[]>(NODES_PATH).data?.[0];
  return (
    <>
      <Stat
        label={overview.memory}
        value={formats.bytes(node?.mem_used)}
        note={overview.memoryOf(formats.bytes(node?.mem_limit))}
        tone={toneOf(
          node?.mem_alarm,
          node !== undefined && node.mem_used > MEMORY_SHARE_WARN * node.mem_limit,
        )}
      />
      <Stat
        label={overview.disk}
        value={formats.bytes(node?.disk_free)}
        note={overview.diskOf(formats.bytes(node?.disk_free_limit))}
        tone={toneOf(
          node?.disk_free_alarm,
          node !== undefined && node.disk_free < DISK_LIMITS_WARN * node.disk_free_limit,
        )}
      />
      <AlarmFigure node={node} />
    </>
  );
}

function toneOf(alarm: boolean | undefined, isNear: boolean): 'plain' | 'warn' | 'bad' {
  if (alarm === true) return 'bad';
  return isNear ? 'warn' : 'plain';
}

function AlarmFigure({ node }: { readonly node: NodeAnswer | undefined }): ReactNode {
  const { overview, format } = useTexts();
  if (node === undefined) return <Stat label={overview.alarms} value={format.unknown} />;
  const on = [
    ...(node.mem_alarm ? [overview.memoryAlarm] : []),
    ...(node.disk_free_alarm ? [overview.diskAlarm] : []),
  ];
  return on.length === 0 ? (
    <Stat label={overview.alarms} value={overview.noAlarm} note={overview.noAlarmNote} tone="good" />
  ) : (
    <Stat label={overview.alarms} value={on.join(', ')} note={overview.alarmNote} tone="bad" />
  );
}
