import type { ReactNode } from 'react';
import { useLive } from '../../data/live-data.tsx';
import {
  ALARMS_PATH,
  BLOCKED_PATH,
  type ConnectionState,
  NODES_PATH,
  type NodeAnswer,
} from '../../data/overview.ts';
import { fullestPath, isWorrying, type RankedQueue, type RankedQueues } from '../../data/queue-ranking.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { LinkButton } from '../../parts/button.tsx';
import { Banner } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from './overview.module.css';

const NAMED_MAX = 3;

/** What is wrong, why, and the way out; nothing when all is well. */
export function Problems({ vhost }: { readonly vhost: string | undefined }): ReactNode {
  const { mayMonitor } = useSession();
  return (
    <>
      {mayMonitor ? <NodeAlarms /> : <SomeAlarm />}
      <StuckQueues vhost={vhost} />
    </>
  );
}

function NodeAlarms(): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const node = useLive<readonly NodeAnswer[]>(NODES_PATH).data?.[0];
  const memory = overview.memoryAlarmWhy(formats.bytes(node?.mem_used), formats.bytes(node?.mem_limit));
  const disk = overview.diskAlarmWhy(formats.bytes(node?.disk_free), formats.bytes(node?.disk_free_limit));
  return (
    <>
      {node?.mem_alarm === true && (
        <Alarm title={overview.memoryAlarmTitle} why={memory}>
          <BlockedPublishers />
        </Alarm>
      )}
      {node?.disk_free_alarm === true && (
        <Alarm title={overview.diskAlarmTitle} why={disk}>
          {!node.mem_alarm && <BlockedPublishers />}
        </Alarm>
      )}
    </>
  );
}

/** Which one is not told to those without the tag monitoring. */
function SomeAlarm(): ReactNode {
  const { overview } = useTexts();
  const { error } = useLive<unknown>(ALARMS_PATH);
  if (error?.status !== 503) return null;
  return (
    <Alarm title={overview.alarmTitle} why={overview.alarmWhy}>
      <BlockedPublishers />
    </Alarm>
  );
}

interface AlarmProps {
  readonly title: string;
  readonly why: string;
  readonly children: ReactNode;
}

function Alarm({ title, why, children }: AlarmProps): ReactNode {
  const { overview } = useTexts();
  const longest = href(['queues'], { sort: 'messages', order: 'desc' });
  return (
    <Banner
      tone="bad"
      title={title}
      action={<LinkButton href={longest}>{overview.longestQueues}</LinkButton>}
    >
      <p>{why}</p>
      {children}
    </Banner>
  );
}

interface ConnectionStates {
  readonly items: readonly ConnectionState[];
}

function BlockedPublishers(): ReactNode {
  const { overview } = useTexts();
  const { data } = useLive<ConnectionStates>(BLOCKED_PATH);
  const blocked = data?.items.filter(({ state }) => state === 'blocked') ?? [];
  if (blocked.length === 0) return null;
  return (
    <p className={styles['named']}>
      {overview.blocked}{' '}
      {blocked.map(({ name, user }) => (
        <a key={name} href={href(['connections', name])}>
          {name} ({user})
        </a>
      ))}
    </p>
  );
}

/** Without counts: a banner is read out when it changes. */
function StuckQueues({ vhost }: { readonly vhost: string | undefined }): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const { data } = useLive<RankedQueues>(fullestPath(vhost));
  const queues = data?.items.filter(isWorrying) ?? [];
  const [first] = queues;
  if (first === undefined) return null;
  const more = queues.length - NAMED_MAX;
  return (
    <Banner
      tone="warn"
      title={overview.stuckTitle(queues.length)}
      action={<LinkButton href={hrefOf(first)}>{overview.stuckSeeWhy}</LinkButton>}
    >
      <p>{overview.stuckWhy}</p>
      <p className={styles['named']}>
        {queues.slice(0, NAMED_MAX).map((queue) => (
          <a key={`${queue.vhost}/${queue.name}`} href={hrefOf(queue)}>
            {queue.name}
          </a>
        ))}
        {more > 0 && <span>{overview.stuckMore(formats.count(more))}</span>}
      </p>
    </Banner>
  );
}

function hrefOf({ vhost, name }: RankedQueue): string {
  return href(['queues', vhost, name]);
}
