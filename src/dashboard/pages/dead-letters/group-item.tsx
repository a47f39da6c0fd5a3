import { type ReactNode, useState } from 'react';
import { type DeadLetterGroup, searchForGroup } from '../../data/dead-letters.ts';
import { exchangeInPath } from '../../data/exchanges.ts';
import { useOnce } from '../../data/live-data.tsx';
import { type MessagesAnswer, messagesPath } from '../../data/messages.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { Answer } from '../../parts/states.tsx';
import { href, navigate } from '../../route.ts';
import { ExchangeLink } from '../exchanges/exchange-link.tsx';
import styles from './dead-letters-tab.module.css';
import { DeathReason } from './death-reason.tsx';
import { DropGroupDialog } from './drop-group-dialog.tsx';
import { ReplayDialog } from './replay-dialog.tsx';

const SAMPLE_BYTES = 2000;

interface GroupItemProps {
  readonly vhost: string;
  readonly queue: string;
  readonly group: DeadLetterGroup;
}

/** Dead letters with the same cause. */
export function GroupItem({ vhost, queue, group }: GroupItemProps): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const { reason, error, count, oldest_at, newest_at } = group;
  const nowMs = Date.now();
  return (
    <li className={styles['group']}>
      <div className={styles['cause']}>
        <div className={styles['line']}>
          <strong className={styles['count']}>{deadLetters.count(count, formats.count(count))}</strong>
          <DeathReason reason={reason} />
          <Origin vhost={vhost} group={group} />
        </div>
        <p className={error === null ? styles['note'] : styles['error']}>{error ?? deadLetters.noError}</p>
        <p className={styles['note']}>
          {deadLetters.oldest}: <time title={formats.time(oldest_at)}>{formats.ago(oldest_at, nowMs)}</time>
          {' · '}
          {deadLetters.newest}: <time title={formats.time(newest_at)}>{formats.ago(newest_at, nowMs)}</time>
        </p>
        <RoutingKeys group={group} />
        <Sample vhost={vhost} queue={queue} group={group} />
      </div>
      <GroupActions vhost={vhost} queue={queue} group={group} />
    </li>
  );
}

function Origin({ vhost, group }: Omit<GroupItemProps, 'queue'>): ReactNode {
  const { deadLetters } = useTexts();
  const { queue, exchange } = group;
  if (queue === null) return <span className={styles['note']}>{deadLetters.fromUnknown}</span>;
  return (
    <span>
      <span className={styles['note']}>{deadLetters.from}</span>{' '}
      <a href={href(['queues', vhost, queue])}>{queue}</a>
      {exchange !== null && exchange !== '' && (
        <>
          <span className={styles['note']}>, {deadLetters.publishedTo}</span>{' '}
          <ExchangeLink vhost={vhost} name={exchange} />
        </>
      )}
    </span>
  );
}

/** Through the default exchange the key is the name of the queue: nothing new. */
function RoutingKeys({ group }: Pick<GroupItemProps, 'group'>): ReactNode {
  const { deadLetters } = useTexts();
  const keys = group.routing_keys.filter((key) => group.exchange !== '' || key !== group.queue);
  if (keys.length === 0) return null;
  return (
    <p className={styles['line']}>
      <span className={styles['note']}>{deadLetters.keys}</span>
      {keys.map((key) => (
        <Badge key={key} title={key}>
          {key}
        </Badge>
      ))}
    </p>
  );
}

function Sample({ vhost, queue, group }: GroupItemProps): ReactNode {
  const { deadLetters } = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={styles['sample']} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{deadLetters.sample}</summary>
      {isOpen && <SamplePayload vhost={vhost} queue={queue} position={group.sample_position} />}
    </details>
  );
}

function SamplePayload({
  vhost,
  queue,
  position,
}: {
  readonly vhost: string;
  readonly queue: string;
  readonly position: string;
}): ReactNode {
  const { messages } = useTexts();
  const look = { from: position, limit: 1, truncate: SAMPLE_BYTES };
  const answer = useOnce<MessagesAnswer>(messagesPath(vhost, queue, look));
  return (
    <Answer of={answer}>
      {({ messages: [found] }) => (found === undefined ? messages.gone : <JsonView text={found.payload} />)}
    </Answer>
  );
}

function GroupActions({ vhost, queue, group }: GroupItemProps): ReactNode {
  const { deadLetters } = useTexts();
  const mayMove = useSession().may('write', vhost, exchangeInPath(''));
  const [act, setAct] = useState<'replay' | 'drop'>();
  const close = (): void => setAct(undefined);
  return (
    <div className={styles['actions']}>
      <ShowMessages vhost={vhost} queue={queue} group={group} />
      {mayMove && (
        <Button icon="play" onClick={() => setAct('replay')}>
          {deadLetters.replay}
        </Button>
      )}
      <Button icon="remove" onClick={() => setAct('drop')}>
        {deadLetters.dropGroup}
      </Button>
      {act === 'replay' && (
        <ReplayDialog
          vhost={vhost}
          queue={queue}
          which={group}
          count={group.count}
          onDone={close}
          onClose={close}
        />
      )}
      {act === 'drop' && <DropGroupDialog vhost={vhost} queue={queue} group={group} onClose={close} />}
    </div>
  );
}

/** Leads to a search for the messages of the group. Which header its error stood in, the sample says. */
function ShowMessages({ vhost, queue, group }: GroupItemProps): ReactNode {
  const { deadLetters } = useTexts();
  const find = useAction(() => searchForGroup(vhost, queue, group), {
    onDone: (search) => navigate(href(['queues', vhost, queue, 'messages'], search)),
  });
  return (
    <Button icon="search" busy={find.isPending} onClick={() => find.mutate(undefined)}>
      {deadLetters.showMessages}
    </Button>
  );
}
