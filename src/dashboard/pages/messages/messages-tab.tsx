import { type ReactNode, useMemo } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { conditionsOf, type MessagesAnswer, messagesPath } from '../../data/messages.ts';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { useRoute } from '../../route.ts';
import { MessageList } from './message-list.tsx';
import { MessageSearchBar } from './message-search-bar.tsx';

const SHOWN = 50;
/** Of each payload in the list: it shows one line. */
const PREVIEW_BYTES = 200;

interface MessagesTabProps {
  readonly vhost: string;
  readonly name: string;
}

/** Looks into a queue without changing it. What is looked for is in the address. */
export function MessagesTab({ vhost, name }: MessagesTabProps): ReactNode {
  const { messages } = useTexts();
  if (useSession().may('read', vhost, name)) return <Look vhost={vhost} name={name} />;
  return (
    <Card>
      <Empty title={messages.mayNotRead} icon="queue">
        {messages.mayNotReadWhy}
      </Empty>
    </Card>
  );
}

function Look({ vhost, name }: MessagesTabProps): ReactNode {
  const { messages } = useTexts();
  const { query } = useRoute();
  const conditions = useMemo(() => conditionsOf(query), [query]);
  const from = query.get('from') ?? undefined;
  const answer = useOnce<MessagesAnswer>(
    messagesPath(vhost, name, { conditions, from, limit: SHOWN, truncate: PREVIEW_BYTES }),
  );
  return (
    <Card
      title={messages.title}
      lead={messages.lead}
      flush
      actions={
        <Button icon="refresh" busy={answer.isFetching} onClick={() => void answer.refetch()}>
          {messages.refresh}
        </Button>
      }
    >
      <MessageSearchBar conditions={conditions} />
      <Answer of={answer} lines={8}>
        {(found) => (
          <MessageList
            // what was selected is of one page
            key={JSON.stringify([vhost, name, from, conditions])}
            vhost={vhost}
            queue={name}
            answer={found}
            from={from}
            isSearch={conditions.length > 0}
            // 0 while the answer to another question stands in
            nowMs={answer.dataUpdatedAt || Date.now()}
          />
        )}
      </Answer>
    </Card>
  );
}
