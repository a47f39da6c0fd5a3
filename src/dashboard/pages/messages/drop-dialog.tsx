import type { ReactNode } from 'react';
import { type DropAnswer, dropMessages } from '../../data/messages.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface DropDialogProps {
  readonly vhost: string;
  readonly queue: string;
  readonly positions: readonly string[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function DropDialog({ vhost, queue, positions, onDone, onClose }: DropDialogProps): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const action = useAction(() => dropMessages(vhost, queue, positions), {
    showRefusal: false,
    onDone,
    done: ({ dropped, gone }: DropAnswer) =>
      gone === 0
        ? messages.dropped(formats.count(dropped))
        : messages.droppedSomeGone(formats.count(dropped), formats.count(gone)),
  });
  const count = positions.length;
  return (
    <ConfirmDialog
      title={messages.dropTitle(count, formats.count(count))}
      confirm={messages.drop}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate(undefined)}
      onClose={onClose}
    >
      <p>{messages.dropWhy(count, formats.count(count), queue)}</p>
    </ConfirmDialog>
  );
}
