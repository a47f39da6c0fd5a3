import type { ReactNode } from 'react';
import { purgeQueue } from '../../data/queues.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface DropAllDialogProps {
  readonly vhost: string;
  readonly queue: string;
  /** As many as were looked at. */
  readonly count: number;
  readonly onClose: () => void;
}

/** Purges the queue. */
export function DropAllDialog({ vhost, queue, count, onClose }: DropAllDialogProps): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const action = useAction(() => purgeQueue({ vhost, name: queue }), {
    showRefusal: false,
    done: () => deadLetters.droppedAll,
    onDone: onClose,
  });
  return (
    <ConfirmDialog
      title={deadLetters.dropAllTitle(queue)}
      confirm={deadLetters.dropAll}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate(undefined)}
      onClose={onClose}
    >
      <p>{deadLetters.dropAllWhy(formats.count(count))}</p>
    </ConfirmDialog>
  );
}
