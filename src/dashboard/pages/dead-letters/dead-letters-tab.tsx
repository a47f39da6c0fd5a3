import { type ReactNode, useState } from 'react';
import { type DeadLettersAnswer, deadLettersPath } from '../../data/dead-letters.ts';
import { exchangeInPath } from '../../data/exchanges.ts';
import { useOnce } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import styles from './dead-letters-tab.module.css';
import { DropAllDialog } from './drop-all-dialog.tsx';
import { GroupItem } from './group-item.tsx';
import { ReplayDialog } from './replay-dialog.tsx';
import { ReplayList } from './replay-list.tsx';

/** Messages that are looked at, at first and when more are asked for. */
const LOOK_FIRST = 10_000;
const LOOK_MAX = 100_000;

interface DeadLettersTabProps {
  readonly vhost: string;
  readonly name: string;
}

/** The dead letters of a queue by their causes, and what can be done with them. */
export function DeadLettersTab({ vhost, name }: DeadLettersTabProps): ReactNode {
  const { messages } = useTexts();
  if (!useSession().may('read', vhost, name))
    return (
      <Card>
        <Empty title={messages.mayNotRead} icon="dead-letter">
          {messages.mayNotReadWhy}
        </Empty>
      </Card>
    );
  return (
    <div className={styles['tab']}>
      <ReplayList vhost={vhost} queue={name} />
      <Groups vhost={vhost} name={name} />
    </div>
  );
}

function Groups({ vhost, name }: DeadLettersTabProps): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const [max, setMax] = useState(LOOK_FIRST);
  const answer = useOnce<DeadLettersAnswer>(deadLettersPath(vhost, name, max));
  const lookedAt = answer.data?.looked_at ?? 0;
  return (
    <Card
      title={deadLetters.groups}
      lead={lookedAt === 0 ? undefined : deadLetters.groupsLead(formats.count(lookedAt))}
      flush
      actions={
        <>
          {lookedAt > 0 && <AllActions vhost={vhost} name={name} lookedAt={lookedAt} />}
          <Button icon="refresh" busy={answer.isFetching} onClick={() => void answer.refetch()}>
            {deadLetters.refresh}
          </Button>
        </>
      }
    >
      <Answer of={answer} lines={6}>
        {(found) => (
          <>
            <GroupList vhost={vhost} name={name} answer={found} />
            <Rest answer={found} max={max} onMore={() => setMax(LOOK_MAX)} />
          </>
        )}
      </Answer>
    </Card>
  );
}

function AllActions({
  vhost,
  name,
  lookedAt,
}: DeadLettersTabProps & { readonly lookedAt: number }): ReactNode {
  const { deadLetters } = useTexts();
  const mayMove = useSession().may('write', vhost, exchangeInPath(''));
  const [act, setAct] = useState<'replay' | 'drop'>();
  const close = (): void => setAct(undefined);
  return (
    <>
      {mayMove && (
        <Button kind="primary" icon="play" onClick={() => setAct('replay')}>
          {deadLetters.replayAll}
        </Button>
      )}
      <Button icon="remove" onClick={() => setAct('drop')}>
        {deadLetters.dropAll}
      </Button>
      {act === 'replay' && (
        <ReplayDialog vhost={vhost} queue={name} which="all" onDone={close} onClose={close} />
      )}
      {act === 'drop' && <DropAllDialog vhost={vhost} queue={name} count={lookedAt} onClose={close} />}
    </>
  );
}

function GroupList({
  vhost,
  name,
  answer,
}: DeadLettersTabProps & { readonly answer: DeadLettersAnswer }): ReactNode {
  const { deadLetters } = useTexts();
  if (answer.looked_at === 0)
    return (
      <Empty title={deadLetters.noneDead} icon="dead-letter">
        {deadLetters.noneDeadWhy}
      </Empty>
    );
  return (
    <ul className={styles['groups']}>
      {answer.groups.map((group) => (
        <GroupItem
          key={JSON.stringify([group.reason, group.queue, group.exchange, group.error])}
          vhost={vhost}
          queue={name}
          group={group}
        />
      ))}
    </ul>
  );
}

interface RestProps {
  readonly answer: DeadLettersAnswer;
  readonly max: number;
  readonly onMore: () => void;
}

/** What the groups do not tell. */
function Rest({ answer, max, onMore }: RestProps): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const { other, next } = answer;
  if (other === 0 && next === null) return null;
  return (
    <div className={styles['rest']}>
      {other > 0 && <p>{deadLetters.other(formats.count(other))}</p>}
      {next !== null && <p>{deadLetters.moreFollow}</p>}
      {next !== null && max < LOOK_MAX && (
        <Button small onClick={onMore}>
          {deadLetters.more(formats.count(LOOK_MAX))}
        </Button>
      )}
    </div>
  );
}
