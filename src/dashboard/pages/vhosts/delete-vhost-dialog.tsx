import type { ReactNode } from 'react';
import { request } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { type VhostRow, vhostPath } from '../../data/vhosts.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { href, navigate } from '../../route.ts';
import { useVhostCounts } from './use-vhost-counts.ts';

interface DeleteVhostDialogProps {
  readonly vhost: VhostRow;
  readonly onClose: () => void;
}

export function DeleteVhostDialog({ vhost, onClose }: DeleteVhostDialogProps): ReactNode {
  const { vhosts: texts } = useTexts();
  const formats = useFormats();
  const { name } = vhost;
  const { queueCount, connectionCount } = useVhostCounts(name);
  const remove = useAction(() => request('DELETE', vhostPath(name)), {
    done: () => texts.deleted(name),
    onDone: () => navigate(href(['vhosts'])),
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.deleteTitle(name)}
      confirm={texts.delete}
      word={name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined)}
      onClose={onClose}
    >
      <p>{texts.deleteWhat(formats.count(queueCount), formats.count(vhost.messages))}</p>
      <p>{texts.deleteConnections(formats.count(connectionCount))}</p>
    </ConfirmDialog>
  );
}
