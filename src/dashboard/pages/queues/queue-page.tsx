import type { ReactNode } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { type QueueAnswer, type QueueName, queuePath } from '../../data/queues.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { LinkButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { href } from '../../route.ts';
import { DeadLettersTab } from '../dead-letters/dead-letters-tab.tsx';
import { MessagesTab } from '../messages/messages-tab.tsx';
import { FlowTab } from './flow-tab.tsx';
import styles from './marks.module.css';
import { QueueActions } from './queue-actions.tsx';
import { QueueBindings } from './queue-bindings.tsx';
import { QueueConsumers } from './queue-consumers.tsx';
import { QueueMarks, QueueStateMark } from './queue-marks.tsx';
import { QueueSettings } from './queue-settings.tsx';

interface QueuePageProps extends QueueName {
  /** Empty: the first one. */
  readonly tab: string;
}

export function QueuePage({ vhost, name, tab }: QueuePageProps): ReactNode {
  const { queues } = useTexts();
  const answer = useLive<QueueAnswer>(queuePath({ vhost, name }));
  const { data: queue, error } = answer;
  const isThere = queue !== undefined && error === null;
  return (
    <Page
      title={name}
      lead={
        <>
          <a href={href(['queues'])}>{queues.title}</a> {queues.inVhost(vhost)}
        </>
      }
      marks={
        isThere && (
          <>
            <QueueStateMark queue={queue} />
            <QueueMarks queue={queue} />
          </>
        )
      }
      actions={isThere && <QueueActions queue={queue} />}
    >
      {error?.status === 404 ? (
        <Missing vhost={vhost} name={name} />
      ) : (
        <Answer of={answer} lines={8}>
          {(shown) => (
            <>
              <QueueTabs queue={shown} tab={tab} />
              <TabOf queue={shown} tab={tab} />
            </>
          )}
        </Answer>
      )}
    </Page>
  );
}

interface TabProps {
  readonly queue: QueueAnswer;
  readonly tab: string;
}

function QueueTabs({ queue, tab }: TabProps): ReactNode {
  const { queues } = useTexts();
  const formats = useFormats();
  const { vhost, name, messages_ready, consumers } = queue;
  const tabTo = (id: string, label: string, count?: number) => ({
    label,
    href: href(id === '' ? ['queues', vhost, name] : ['queues', vhost, name, id]),
    current: id === tab,
    ...(count === undefined ? {} : { count: formats.shortCount(count) }),
  });
  return (
    <Tabs
      label={queues.tabs.label}
      tabs={[
        tabTo('', queues.tabs.flow),
        tabTo('messages', queues.tabs.messages, messages_ready),
        tabTo('consumers', queues.tabs.consumers, consumers),
        tabTo('bindings', queues.tabs.bindings),
        tabTo('settings', queues.tabs.settings),
        tabTo('dead-letters', queues.tabs.deadLetters),
      ]}
    />
  );
}

function TabOf({ queue, tab }: TabProps): ReactNode {
  const { vhost, name } = queue;
  switch (tab) {
    case 'messages':
      return <MessagesTab vhost={vhost} name={name} />;
    case 'consumers':
      return <QueueConsumers vhost={vhost} name={name} />;
    case 'bindings':
      return <QueueBindings vhost={vhost} name={name} />;
    case 'settings':
      return <QueueSettings queue={queue} />;
    case 'dead-letters':
      return <DeadLettersTab vhost={vhost} name={name} />;
    default:
      return <FlowTab vhost={vhost} name={name} />;
  }
}

function Missing({ vhost, name }: QueueName): ReactNode {
  const { queues } = useTexts();
  return (
    <Card>
      <Empty title={queues.missing(name)} icon="queue">
        <div className={styles['missing']}>
          <p>{queues.missingWhy(vhost)}</p>
          <LinkButton href={href(['queues'])}>{queues.toList}</LinkButton>
        </div>
      </Empty>
    </Card>
  );
}
