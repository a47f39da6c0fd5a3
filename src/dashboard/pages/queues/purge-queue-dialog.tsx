import type { ReactNode } from 'react';
import { purgeQueue, type QueueAnswer } from '../../data/queues.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface PurgeQueueDialogProps {
  readonly queue: QueueAnswer;
  readonly onClose: () => void;
}

export function PurgeQueueDialog({ queue, onClose }: PurgeQueueDialogProps): ReactNode {
  const { queues } = useTexts();
  const formats = useFormats();
  const { name, messages_ready: ready, messages_unacknowledged: unacked } = queue;
  const action = useAction(purgeQueue, {
    done: () => queues.purged(name),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={queues.purging.title}
      confirm={queues.purging.confirm}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate(queue)}
      onClose={onClose}
    >
      <p>{queues.purging.question(formats.count(ready), name)}</p>
      {unacked > 0 && <p>{queues.purging.unacked(formats.count(unacked))}</p>}
    </ConfirmDialog>
  );
}
