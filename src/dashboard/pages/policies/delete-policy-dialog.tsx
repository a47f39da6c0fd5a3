import type { ReactNode } from 'react';
import { request } from '../../data/http.ts';
import { type PolicyKind, type PolicyRow, policyPath } from '../../data/policies.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import styles from './policies.module.css';
import { PolicyMatches } from './policy-matches.tsx';

interface DeletePolicyDialogProps {
  readonly kind: PolicyKind;
  readonly policy: PolicyRow;
  readonly onClose: () => void;
}

export function DeletePolicyDialog({ kind, policy, onClose }: DeletePolicyDialogProps): ReactNode {
  const { policies: texts, parts } = useTexts();
  const { vhost, name } = policy;
  const remove = useAction(() => request('DELETE', policyPath(kind, vhost, name)), {
    done: () => texts.deleted(name),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.deleteTitle(name)}
      confirm={parts.delete}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined)}
      onClose={onClose}
    >
      <div className={styles['group']}>
        <p>{texts.deleteWhat(vhost)}</p>
        <PolicyMatches vhost={vhost} pattern={policy.pattern} applyTo={policy['apply-to']} />
      </div>
    </ConfirmDialog>
  );
}
