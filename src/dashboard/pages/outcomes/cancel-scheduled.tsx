import type { ReactNode } from 'react';
import { cancelScheduled, type ScheduledRow } from '../../data/outcomes.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface CancelScheduledProps {
  readonly vhost: string;
  readonly message: ScheduledRow;
  readonly onClose: () => void;
}

export function CancelScheduled({ vhost, message, onClose }: CancelScheduledProps): ReactNode {
  const { outcomes } = useTexts();
  const formats = useFormats();
  const { id, exchange, routing_key: key } = message;
  const cancel = useAction(() => cancelScheduled(vhost, id), {
    done: () => outcomes.cancelled(id),
    onDone: onClose,
    showRefusal: false,
  });
  const target = exchange === '' ? key : `${exchange} (${outcomes.withKey(key)})`;
  return (
    <ConfirmDialog
      title={outcomes.cancelTitle}
      confirm={outcomes.cancelConfirm}
      busy={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate(undefined)}
      onClose={onClose}
    >
      {outcomes.cancelQuestion(id, target, formats.time(message.due_at))}
    </ConfirmDialog>
  );
}
