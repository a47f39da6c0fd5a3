import { type ReactNode, useState } from 'react';
import { deleteQueue, type QueueAnswer } from '../../data/queues.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { CheckField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';
import styles from './marks.module.css';

interface DeleteQueueDialogProps {
  readonly queue: QueueAnswer;
  readonly onClose: () => void;
}

export function DeleteQueueDialog({ queue, onClose }: DeleteQueueDialogProps): ReactNode {
  const { queues } = useTexts();
  const formats = useFormats();
  const { vhost, name, messages, consumers } = queue;
  const [ifEmpty, setIfEmpty] = useState(false);
  const [ifUnused, setIfUnused] = useState(false);
  const action = useAction(deleteQueue, {
    done: () => queues.deleted(name),
    onDone: () => navigate(href(['queues'])),
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={queues.deleting.title}
      confirm={queues.deleting.confirm}
      word={name}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate({ vhost, name, ifEmpty, ifUnused })}
      onClose={onClose}
    >
      <div className={styles['question']}>
        <p>{queues.deleting.question(formats.count(messages), name)}</p>
        {consumers > 0 && <p>{queues.deleting.consumers(formats.count(consumers))}</p>}
        <CheckField label={queues.deleting.ifEmpty} value={ifEmpty} onChange={setIfEmpty} />
        <CheckField label={queues.deleting.ifUnused} value={ifUnused} onChange={setIfUnused} />
      </div>
    </ConfirmDialog>
  );
}
