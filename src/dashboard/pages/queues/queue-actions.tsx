import { type ReactNode, useState } from 'react';
import { exchangeInPath } from '../../data/exchanges.ts';
import { pauseQueue, type QueueAnswer, resumeQueue } from '../../data/queues.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { PublishDialog } from '../messages/publish-dialog.tsx';
import { DeleteQueueDialog } from './delete-queue-dialog.tsx';
import { MoveMessagesDialog } from './move-messages-dialog.tsx';
import { PurgeQueueDialog } from './purge-queue-dialog.tsx';

type OpenDialog = 'publish' | 'move' | 'purge' | 'delete';

/** What may be done with the queue by who is logged in. */
export function QueueActions({ queue }: { readonly queue: QueueAnswer }): ReactNode {
  const { queues } = useTexts();
  const session = useSession();
  const [dialog, setDialog] = useState<OpenDialog>();
  const close = (): void => setDialog(undefined);
  const { vhost, name } = queue;
  const mayRead = session.may('read', vhost, name);
  const mayConfigure = session.may('configure', vhost, name);
  const maySend = session.may('write', vhost, exchangeInPath(''));
  return (
    <>
      {maySend && (
        <Button kind="primary" icon="upload" onClick={() => setDialog('publish')}>
          {queues.publish}
        </Button>
      )}
      {mayRead && session.maySome('write', vhost) && (
        <Button icon="move" onClick={() => setDialog('move')}>
          {queues.move}
        </Button>
      )}
      {mayConfigure && <PauseButton queue={queue} />}
      {mayRead && (
        <Button icon="purge" onClick={() => setDialog('purge')}>
          {queues.purge}
        </Button>
      )}
      {mayConfigure && (
        <Button icon="remove" onClick={() => setDialog('delete')}>
          {queues.delete}
        </Button>
      )}
      {dialog === 'publish' && <PublishDialog vhost={vhost} queue={name} onClose={close} />}
      {dialog === 'move' && <MoveMessagesDialog queue={queue} onClose={close} />}
      {dialog === 'purge' && <PurgeQueueDialog queue={queue} onClose={close} />}
      {dialog === 'delete' && <DeleteQueueDialog queue={queue} onClose={close} />}
    </>
  );
}

function PauseButton({ queue }: { readonly queue: QueueAnswer }): ReactNode {
  const { queues } = useTexts();
  const { name } = queue;
  const pause = useAction(pauseQueue, { done: () => queues.paused(name) });
  const resume = useAction(resumeQueue, { done: () => queues.resumed(name) });
  if (queue.state === 'paused')
    return (
      <Button icon="play" busy={resume.isPending} onClick={() => resume.mutate(queue)}>
        {queues.resume}
      </Button>
    );
  return (
    <Button icon="pause" busy={pause.isPending} onClick={() => pause.mutate(queue)}>
      {queues.pause}
    </Button>
  );
}
