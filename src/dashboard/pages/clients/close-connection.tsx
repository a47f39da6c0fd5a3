import { type ReactNode, useState } from 'react';
import { type ConnectionRow, closeConnection, isReason, REASON_LENGTH_MAX } from '../../data/connections.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';

export function CloseConnection({ connection }: { readonly connection: ConnectionRow }): ReactNode {
  const { clients } = useTexts();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button kind="danger" icon="close" onClick={() => setAsking(true)}>
        {clients.close}
      </Button>
      {isAsking && <CloseDialog connection={connection} onClose={() => setAsking(false)} />}
    </>
  );
}

function CloseDialog({
  connection: { name, channels },
  onClose,
}: {
  readonly connection: ConnectionRow;
  readonly onClose: () => void;
}): ReactNode {
  const { clients } = useTexts();
  const [reason, setReason] = useState('');
  const close = useAction((given: string) => closeConnection(name, given), {
    done: () => clients.closed(name),
    onDone: () => navigate(href(['connections'])),
    showRefusal: false,
  });
  return (
    <FormDialog
      title={clients.closeTitle}
      submit={clients.close}
      danger
      busy={close.isPending}
      disabled={!isReason(reason)}
      error={close.error}
      onSubmit={() => close.mutate(reason)}
      onClose={onClose}
    >
      <p>{clients.closeQuestion(name, channels)}</p>
      <TextField
        label={clients.reason}
        optional
        value={reason}
        onChange={setReason}
        maxLength={REASON_LENGTH_MAX}
        aria-invalid={!isReason(reason)}
        hint={isReason(reason) ? clients.reasonHint : clients.reasonWrong}
      />
    </FormDialog>
  );
}
