import type { ReactNode } from 'react';
import { request } from '../../data/http.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { type PermissionRow, permissionPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { Banner } from '../../parts/states.tsx';
import styles from './users.module.css';

export function ClearPermissionDialog({
  permission: { user, vhost },
  onClose,
}: {
  readonly permission: PermissionRow;
  readonly onClose: () => void;
}): ReactNode {
  const { users: texts } = useTexts();
  const { username } = useSession();
  const clear = useAction(() => request('DELETE', permissionPath(vhost, user)), {
    done: () => texts.permissionCleared(user, vhost),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.clearPermissionTitle(user, vhost)}
      confirm={texts.clearPermission}
      busy={clear.isPending}
      error={clear.error}
      onConfirm={() => clear.mutate(undefined)}
      onClose={onClose}
    >
      <div className={styles['stack']}>
        <p>{texts.clearPermissionWhat}</p>
        {user === username && <Banner tone="warn" title={texts.selfPermission} />}
      </div>
    </ConfirmDialog>
  );
}
