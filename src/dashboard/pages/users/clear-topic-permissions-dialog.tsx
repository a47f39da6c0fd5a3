import type { ReactNode } from 'react';
import { request } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { topicPermissionPath } from '../../data/users.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';

interface ClearTopicPermissionsDialogProps {
  readonly user: string;
  readonly vhost: string;
  readonly exchanges: readonly string[];
  readonly onClose: () => void;
}

/** The broker clears those of a vhost together. */
export function ClearTopicPermissionsDialog({
  user,
  vhost,
  exchanges,
  onClose,
}: ClearTopicPermissionsDialogProps): ReactNode {
  const { users: texts } = useTexts();
  const formats = useFormats();
  const clear = useAction(() => request('DELETE', topicPermissionPath(vhost, user)), {
    done: () => texts.topicPermissionsCleared(vhost),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.clearTopicTitle(vhost)}
      confirm={texts.clearPermission}
      busy={clear.isPending}
      error={clear.error}
      onConfirm={() => clear.mutate(undefined)}
      onClose={onClose}
    >
      <p>{texts.clearTopicWhat(formats.count(exchanges.length), exchanges.join(', '))}</p>
    </ConfirmDialog>
  );
}
