import type { ReactNode } from 'react';
import { type BindingRow, removeBinding } from '../../data/bindings.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface RemoveBindingDialogProps {
  readonly binding: BindingRow;
  readonly onClose: () => void;
}

export function RemoveBindingDialog({ binding, onClose }: RemoveBindingDialogProps): ReactNode {
  const { exchanges, parts } = useTexts();
  const texts = exchanges.binding;
  const { source, destination, routing_key: routingKey } = binding;
  const action = useAction(removeBinding, {
    done: () => texts.removed,
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.removing}
      confirm={parts.remove}
      busy={action.isPending}
      error={action.error}
      onConfirm={() => action.mutate(binding)}
      onClose={onClose}
    >
      <p>{texts.question(source, destination, routingKey)}</p>
    </ConfirmDialog>
  );
}
