import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import {
  deadLettersPath,
  type Replay,
  type ReplaysAnswer,
  replaysPath,
  stopReplay,
} from '../../data/dead-letters.ts';
import { useLive } from '../../data/live-data.tsx';
import { useAction } from '../../data/use-action.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import styles from './dead-letters-tab.module.css';
import { reasonText } from './reason-text.ts';

interface ReplayListProps {
  readonly vhost: string;
  readonly queue: string;
}

const TONES: Readonly<Record<Replay['state'], BadgeTone>> = {
  running: 'accent',
  done: 'good',
  stopped: 'warn',
  failed: 'bad',
};

/** Replays of a queue as they go on; nothing when there are none. */
export function ReplayList({ vhost, queue }: ReplayListProps): ReactNode {
  const { deadLetters } = useTexts();
  const { data } = useLive<ReplaysAnswer>(replaysPath(vhost, queue));
  useLookAgain(vhost, queue, data?.replays.filter(({ state }) => state !== 'running').length);
  if (data === undefined || data.replays.length === 0) return null;
  return (
    <Card title={deadLetters.replays} lead={deadLetters.replaysLead} flush>
      <ul className={styles['groups']}>
        {data.replays.map((replay) => (
          <ReplayItem key={replay.id} vhost={vhost} queue={queue} replay={replay} />
        ))}
      </ul>
    </Card>
  );
}

/** The groups are a look: what a replay changed is seen when it has ended. */
function useLookAgain(vhost: string, queue: string, endedCount: number | undefined): void {
  const client = useQueryClient();
  const before = useRef(endedCount);
  useEffect(() => {
    const hasEnded = before.current !== undefined && endedCount !== before.current;
    before.current = endedCount;
    if (!hasEnded) return;
    const group = `${deadLettersPath(vhost, queue)}?`;
    void client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith(group) });
  }, [client, vhost, queue, endedCount]);
}

function ReplayItem({ vhost, queue, replay }: ReplayListProps & { readonly replay: Replay }): ReactNode {
  const { deadLetters } = useTexts();
  const { id, state, stop_reason } = replay;
  const stop = useAction(() => stopReplay(vhost, queue, id), { done: () => deadLetters.stopped });
  return (
    <li className={styles['group']}>
      <div className={styles['cause']}>
        <div className={styles['line']}>
          <Badge tone={TONES[state]}>{deadLetters.states[state]}</Badge>
          <strong>{whichText(replay, deadLetters)}</strong>
          <span>{targetText(replay, deadLetters)}</span>
        </div>
        <Progress replay={replay} />
        {stop_reason !== null && <p>{stop_reason}</p>}
        <When replay={replay} />
      </div>
      {state === 'running' && (
        <div className={styles['actions']}>
          <Button icon="close" busy={stop.isPending} onClick={() => stop.mutate(undefined)}>
            {deadLetters.stop}
          </Button>
        </div>
      )}
    </li>
  );
}

/** How far it is: a bar where the end is known. */
function Progress({ replay }: { readonly replay: Replay }): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const { state, moved, total, failed, skipped, skipped_because } = replay;
  const count = formats.count(moved);
  return (
    <div className={styles['line']}>
      {total !== null && state === 'running' && (
        <progress
          className={styles['progress']}
          aria-label={deadLetters.progress}
          value={moved + skipped}
          max={Math.max(1, total)}
        />
      )}
      <span>
        {deadLetters.moved} {total === null ? count : deadLetters.movedOf(count, formats.count(total))}
      </span>
      {failed > 0 && (
        <span className={styles['bad']}>
          {deadLetters.failedCount} {formats.count(failed)}
        </span>
      )}
      {skipped > 0 && (
        <span className={styles['note']}>
          {deadLetters.skippedCount} {formats.count(skipped)}
          {skipped_because !== null && ` (${skipped_because})`}
        </span>
      )}
    </div>
  );
}

function When({ replay }: { readonly replay: Replay }): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const { rate_per_second, started_by, started_at, ended_at } = replay;
  const facts = [
    rate_per_second === null ? deadLetters.unthrottled : deadLetters.atRate(formats.rate(rate_per_second)),
    deadLetters.startedBy(started_by, formats.ago(started_at, Date.now())),
    ...(ended_at === null
      ? []
      : [deadLetters.took(formats.duration(Date.parse(ended_at) - Date.parse(started_at)))]),
  ];
  return (
    <p className={styles['note']} title={formats.time(started_at)}>
      {facts.join(' · ')}
    </p>
  );
}

function whichText({ which }: Replay, texts: Texts['deadLetters']): string {
  if (typeof which === 'string') return texts.which[which];
  const { reason = null, queue, error } = which;
  const cause = [reason === null ? null : reasonText(reason, texts.reasons), queue, error]
    .filter((each) => typeof each === 'string')
    .join(' · ');
  return cause === '' ? texts.which.group : cause;
}

function targetText({ to }: Replay, texts: Texts['deadLetters']): string {
  if (to === null) return texts.back;
  return to.queue === undefined ? texts.toExchange(to.exchange ?? '') : texts.toQueue(to.queue);
}
