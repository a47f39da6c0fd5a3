import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import {
  type DeadLetterQueue,
  type DeadLetterQueues,
  EXCHANGES_MAX,
  findDeadLetterQueues,
} from '../../data/dead-letter-queues.ts';
import { type ApiError, request, segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Answer, Banner, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { ExchangeLink } from '../exchanges/exchange-link.tsx';
import styles from './dead-letters-page.module.css';

/** Names in one cell; the queue's own page has the rest. */
const SOURCES_SHOWN = 4;
/** Rows whose count is live: the broker watches 16 paths for a page. */
const LIVE_ROWS_MAX = 12;

export function DeadLettersPage(): ReactNode {
  const { shell, deadLetters } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const answer: UseQueryResult<DeadLetterQueues, ApiError> = useQuery<DeadLetterQueues, ApiError>({
    queryKey: ['dead-letter-queues', vhost],
    queryFn: () => findDeadLetterQueues((path) => request('GET', path), vhost),
    refetchOnMount: 'always',
  });
  return (
    <Page
      title={shell.deadLetters}
      lead={deadLetters.lead}
      actions={
        <Button icon="refresh" busy={answer.isFetching} onClick={() => void answer.refetch()}>
          {deadLetters.refresh}
        </Button>
      }
    >
      {answer.data?.isPartial === true && (
        <Banner tone="warn" title={deadLetters.partial(formats.count(EXCHANGES_MAX))} />
      )}
      <Card title={deadLetters.queues} flush>
        <Answer of={answer} lines={6}>
          {({ queues }) => <QueueTable queues={queues} showsVhost={vhost === undefined} />}
        </Answer>
      </Card>
    </Page>
  );
}

function QueueTable({
  queues,
  showsVhost,
}: {
  readonly queues: readonly DeadLetterQueue[];
  readonly showsVhost: boolean;
}): ReactNode {
  const { deadLetters } = useTexts();
  const columns = useMemo<readonly Column<DeadLetterQueue>[]>(() => {
    const live = new Set(queues.slice(0, LIVE_ROWS_MAX));
    const several = showsVhost && new Set(queues.map(({ vhost }) => vhost)).size > 1;
    return [
      {
        id: 'name',
        header: deadLetters.queue,
        value: ({ name }) => name,
        cell: ({ vhost, name }) => (
          <span className={styles['names']}>
            <a href={href(['queues', vhost, name, 'dead-letters'])}>{name}</a>
            {several && <Badge>{vhost}</Badge>}
          </span>
        ),
      },
      {
        id: 'sources',
        header: deadLetters.comesFrom,
        cell: (queue) => <Sources queue={queue} />,
      },
      {
        id: 'exchanges',
        header: deadLetters.through,
        minor: true,
        cell: ({ vhost, exchanges }) => (
          <span className={styles['names']}>
            {exchanges.slice(0, SOURCES_SHOWN).map((name) => (
              <ExchangeLink key={name} vhost={vhost} name={name} />
            ))}
          </span>
        ),
      },
      {
        id: 'ready',
        header: deadLetters.ready,
        align: 'end',
        value: ({ ready }) => ready,
        cell: (queue) => <Ready queue={queue} isLive={live.has(queue)} />,
      },
    ];
  }, [queues, showsVhost, deadLetters]);
  return (
    <DataTable
      label={deadLetters.queues}
      columns={columns}
      rows={queues}
      rowKey={({ vhost, name }) => JSON.stringify([vhost, name])}
      empty={
        <Empty title={deadLetters.noQueues} icon="dead-letter">
          {deadLetters.noQueuesWhy}
        </Empty>
      }
    />
  );
}

function Sources({ queue: { vhost, sources } }: { readonly queue: DeadLetterQueue }): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const more = sources.length - SOURCES_SHOWN;
  return (
    <span className={styles['names']}>
      {sources.slice(0, SOURCES_SHOWN).map((name) => (
        <a key={name} href={href(['queues', vhost, name])}>
          {name}
        </a>
      ))}
      {more > 0 && <span>{deadLetters.andMore(formats.count(more))}</span>}
    </span>
  );
}

function Ready({
  queue: { vhost, name, ready },
  isLive,
}: {
  readonly queue: DeadLetterQueue;
  readonly isLive: boolean;
}): ReactNode {
  const formats = useFormats();
  const path = `/api/queues/${segment(vhost)}/${segment(name)}?columns=messages_ready`;
  const { data } = useLive<{ readonly messages_ready?: number }>(isLive ? path : undefined);
  const count = data?.messages_ready ?? ready;
  return count === 0 ? formats.count(0) : <strong>{formats.count(count)}</strong>;
}
