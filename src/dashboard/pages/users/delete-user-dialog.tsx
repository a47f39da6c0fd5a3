import type { ReactNode } from 'react';
import { request } from '../../data/http.ts';
import { useOnce } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { type PermissionRow, risksOf, type UserRow, userPath } from '../../data/users.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { href, navigate } from '../../route.ts';
import { Risks } from './risks.tsx';
import styles from './users.module.css';

interface DeleteUserDialogProps {
  readonly user: UserRow;
  readonly users: readonly Pick<UserRow, 'name' | 'tags'>[];
  readonly onClose: () => void;
}

/** Whoever locks somebody out for good has to type the name. */
export function DeleteUserDialog({ user, users, onClose }: DeleteUserDialogProps): ReactNode {
  const { users: texts, parts } = useTexts();
  const formats = useFormats();
  const { username } = useSession();
  const { name } = user;
  const { data: permissions } = useOnce<readonly PermissionRow[]>(`${userPath(name)}/permissions`);
  const risks = risksOf({ actor: username, before: user, after: undefined, users });
  const remove = useAction(() => request('DELETE', userPath(name)), {
    done: () => texts.deleted(name),
    onDone: () => navigate(href(['users'])),
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.deleteTitle(name)}
      confirm={parts.delete}
      {...(risks.length > 0 ? { word: name } : {})}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined)}
      onClose={onClose}
    >
      <div className={styles['stack']}>
        <p>{texts.deleteWhat(formats.count(permissions?.length))}</p>
        <Risks risks={risks} />
      </div>
    </ConfirmDialog>
  );
}
