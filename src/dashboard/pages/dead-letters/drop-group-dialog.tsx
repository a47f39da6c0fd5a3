import type { ReactNode } from 'react';
import { type DeadLetterGroup, positionsOf } from '../../data/dead-letters.ts';
import { type DropAnswer, dropMessages } from '../../data/messages.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface DropGroupDialogProps {
  readonly vhost: string;
  readonly queue: string;
  readonly group: DeadLetterGroup;
  readonly onClose: () => void;
}

export function DropGroupDialog({ vhost, queue, group, onClose }: DropGroupDialogProps): ReactNode {
  const { deadLetters } = useTexts();
  const formats = useFormats();
  const action = useAction(async () => dropMessages(vhost, queue, await positionsOf(vhost, queue, group)), {
    showRefusal: false,
    done: ({ dropped }: DropAnswer) => deadLetters.dropped(formats.count(dropped)),
    onDone: onClose,
  });
  const count = formats.count(group.count);
  return (
    <ConfirmDialog
      title={deadLetters.dropGroupTitle(group.count, count)}
      confirm={deadLetters.dropGroup}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate(undefined)}
      onClose={onClose}
    >
      <p>{deadLetters.dropGroupWhy(group.count, count, queue)}</p>
    </ConfirmDialog>
  );
}
