import { type ReactNode, useState } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { deathsOf, type Message, type MessagesAnswer, messagesPath } from '../../data/messages.ts';
import { useTexts } from '../../language/language.tsx';
import { IconButton } from '../../parts/button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { DeathTimeline } from './death-timeline.tsx';
import { HeaderTable } from './header-table.tsx';
import { MessageActions } from './message-actions.tsx';
import styles from './message-dialog.module.css';
import { MessageProperties } from './message-properties.tsx';
import { PayloadView } from './payload-view.tsx';
import { PublishDialog } from './publish-dialog.tsx';

/** Of a payload, at first. */
const SHOWN_BYTES = 256 * 1024;
/** When the whole is asked for: more is hardly for the eyes. */
const WHOLE_BYTES = 2 ** 22;

interface MessageDialogProps {
  readonly vhost: string;
  readonly queue: string;
  readonly position: string;
  /** Of the list, to go on to the next. */
  readonly positions: readonly string[];
  readonly onOpen: (position: string) => void;
  readonly onClose: () => void;
}

/** One message with all that it has. */
export function MessageDialog(props: MessageDialogProps): ReactNode {
  const { vhost, queue, position, onClose } = props;
  const { messages } = useTexts();
  const [truncate, setTruncate] = useState(SHOWN_BYTES);
  const [edited, setEdited] = useState<Message>();
  const look = { from: position, limit: 1, truncate, typedHeaders: true };
  const answer = useOnce<MessagesAnswer>(messagesPath(vhost, queue, look));
  return (
    <Dialog title={messages.message(position)} wide onClose={onClose}>
      <div className={styles['body']}>
        <Answer of={answer} lines={8}>
          {({ messages: [found] }) =>
            found?.position === position ? (
              <>
                <div className={styles['bar']}>
                  <MessageActions
                    vhost={vhost}
                    queue={queue}
                    message={found}
                    onEdit={() => setEdited(found)}
                    onGone={onClose}
                  />
                  <Steps {...props} />
                </div>
                <Details
                  vhost={vhost}
                  message={found}
                  onWhole={truncate < WHOLE_BYTES ? () => setTruncate(WHOLE_BYTES) : undefined}
                />
              </>
            ) : (
              <>
                <div className={styles['bar']}>
                  <Steps {...props} />
                </div>
                <Empty title={messages.gone} icon="queue">
                  {messages.goneWhy}
                </Empty>
              </>
            )
          }
        </Answer>
      </div>
      {edited !== undefined && (
        <PublishDialog vhost={vhost} queue={queue} initial={edited} onClose={() => setEdited(undefined)} />
      )}
    </Dialog>
  );
}

/** To the messages before and after it in the list. */
function Steps({ position, positions, onOpen }: MessageDialogProps): ReactNode {
  const { messages } = useTexts();
  const at = positions.indexOf(position);
  const step = (to: number): { readonly disabled: boolean; readonly onClick: () => void } => {
    const target = positions[to];
    return { disabled: target === undefined, onClick: () => target !== undefined && onOpen(target) };
  };
  return (
    <div className={styles['steps']}>
      <IconButton icon="previous" label={messages.previousMessage} {...step(at - 1)} />
      <IconButton icon="next" label={messages.nextMessage} {...step(at + 1)} />
    </div>
  );
}

interface DetailsProps {
  readonly vhost: string;
  readonly message: Message;
  /** Undefined when as much is loaded as may be. */
  readonly onWhole: (() => void) | undefined;
}

function Details({ vhost, message, onWhole }: DetailsProps): ReactNode {
  const { messages } = useTexts();
  const deaths = deathsOf(message.headers);
  return (
    <>
      <PayloadView message={message} onWhole={onWhole} />
      {deaths.length > 0 && <DeathTimeline vhost={vhost} deaths={deaths} />}
      <section>
        <h3>{messages.properties}</h3>
        <MessageProperties vhost={vhost} message={message} />
      </section>
      <section>
        <h3>{messages.headers}</h3>
        <HeaderTable message={message} hasTimeline={deaths.length > 0} />
      </section>
    </>
  );
}
