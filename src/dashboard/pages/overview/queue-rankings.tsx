import type { ReactNode } from 'react';
import { useLive } from '../../data/live-data.tsx';
import {
  busiest,
  busiestPath,
  delayMs,
  fullestPath,
  RANKED_COUNT,
  type RankedQueue,
  type RankedQueues,
  rateIn,
  rateOut,
  slowest,
  stuck,
} from '../../data/queue-ranking.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { Grid } from '../../parts/page.tsx';
import { Answer } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from './overview.module.css';

/** Where most queues are; the others say where they are. */
const DEFAULT_VHOST = '/';

interface OfVhost {
  readonly vhost: string | undefined;
}

/** Which queues to look at first. */
export function QueueRankings({ vhost }: OfVhost): ReactNode {
  return (
    <Grid min="card">
      <Busiest vhost={vhost} />
      <Slowest vhost={vhost} />
      <Stuck vhost={vhost} />
    </Grid>
  );
}

function Busiest({ vhost }: OfVhost): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const answer = useLive<RankedQueues>(busiestPath(vhost));
  return (
    <Card title={overview.busiest} lead={overview.busiestLead} flush>
      <Answer of={answer} lines={RANKED_COUNT}>
        {({ items }) => (
          <Ranking
            queues={busiest(items)}
            withVhost={vhost === undefined}
            empty={overview.busiestEmpty}
            figure={(queue) => formats.rate(rateIn(queue))}
            note={(queue) =>
              `${overview.outRate(formats.rate(rateOut(queue)))} · ${overview.storedCount(formats.shortCount(queue.messages))}`
            }
          />
        )}
      </Answer>
    </Card>
  );
}

function Slowest({ vhost }: OfVhost): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const answer = useLive<RankedQueues>(fullestPath(vhost));
  return (
    <Card title={overview.slowest} lead={overview.slowestLead} flush>
      <Answer of={answer} lines={RANKED_COUNT}>
        {({ items }) => (
          <Ranking
            queues={slowest(items)}
            withVhost={vhost === undefined}
            empty={overview.slowestEmpty}
            figure={(queue) => formats.duration(delayMs(queue))}
            note={(queue) =>
              `${overview.outRate(formats.rate(rateOut(queue)))} · ${overview.storedCount(formats.shortCount(queue.messages))}`
            }
          />
        )}
      </Answer>
    </Card>
  );
}

function Stuck({ vhost }: OfVhost): ReactNode {
  const { overview } = useTexts();
  const formats = useFormats();
  const answer = useLive<RankedQueues>(fullestPath(vhost));
  return (
    <Card title={overview.stuck} lead={overview.stuckLead} flush>
      <Answer of={answer} lines={RANKED_COUNT}>
        {({ items }) => (
          <Ranking
            queues={stuck(items).slice(0, RANKED_COUNT)}
            withVhost={vhost === undefined}
            empty={overview.stuckEmpty}
            figure={(queue) => formats.shortCount(queue.messages_ready)}
            note={(queue) =>
              queue.consumers === 0 ? (
                <Badge tone="warn">{overview.noConsumer}</Badge>
              ) : (
                <Badge tone="bad">{overview.nothingLeaves}</Badge>
              )
            }
          />
        )}
      </Answer>
    </Card>
  );
}

interface RankingProps {
  readonly queues: readonly RankedQueue[];
  readonly withVhost: boolean;
  readonly empty: string;
  readonly figure: (queue: RankedQueue) => string;
  readonly note: (queue: RankedQueue) => ReactNode;
}

function Ranking({ queues, withVhost, empty, figure, note }: RankingProps): ReactNode {
  if (queues.length === 0) return <p className={styles['none']}>{empty}</p>;
  return (
    <ol>
      {queues.map((queue) => (
        <li key={`${queue.vhost}/${queue.name}`} className={styles['ranked']}>
          <a className={styles['queue']} href={href(['queues', queue.vhost, queue.name])} title={queue.name}>
            {queue.name}
          </a>
          <strong className={styles['figure']}>{figure(queue)}</strong>
          <span className={styles['note']}>
            {note(queue)}
            {withVhost && queue.vhost !== DEFAULT_VHOST && (
              <span className={styles['vhost']}>{queue.vhost}</span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
