import { type ReactNode, useState } from 'react';
import type { BindingRow } from '../../data/bindings.ts';
import { bindingsFromPath, bindingsToPath, deleteExchange, type ExchangeRow } from '../../data/exchanges.ts';
import { useOnce } from '../../data/live-data.tsx';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { CheckField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';
import styles from '../queues/marks.module.css';

interface DeleteExchangeDialogProps {
  readonly exchange: ExchangeRow;
  readonly onClose: () => void;
}

export function DeleteExchangeDialog({ exchange, onClose }: DeleteExchangeDialogProps): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.deleting;
  const formats = useFormats();
  const { vhost, name } = exchange;
  const [ifUnused, setIfUnused] = useState(false);
  // the page below shows both, so they are there already
  const from = useOnce<readonly BindingRow[]>(bindingsFromPath(exchange)).data ?? [];
  const to = useOnce<readonly BindingRow[]>(bindingsToPath(exchange)).data ?? [];
  const action = useAction(deleteExchange, {
    done: () => exchanges.deleted(name),
    onDone: () => navigate(href(['exchanges'])),
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.title}
      confirm={texts.confirm}
      word={name}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate({ vhost, name, ifUnused })}
      onClose={onClose}
    >
      <div className={styles['question']}>
        <p>{texts.question(name)}</p>
        <p>{texts.bindings(formats.count(from.length + to.length))}</p>
        <CheckField label={texts.ifUnused} value={ifUnused} onChange={setIfUnused} />
      </div>
    </ConfirmDialog>
  );
}
