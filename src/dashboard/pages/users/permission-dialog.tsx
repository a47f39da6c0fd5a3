import { type ReactNode, useState } from 'react';
import { request } from '../../data/http.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { type PermissionRow, type PermissionsOf, permissionPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { Banner } from '../../parts/states.tsx';
import { useVhostNames } from '../vhosts/use-vhost-names.ts';
import { VhostSelect } from '../vhosts/vhost-select.tsx';
import styles from './users.module.css';

interface PermissionDialogProps {
  readonly of: PermissionsOf;
  readonly before?: PermissionRow;
  readonly onClose: () => void;
}

type Patterns = Pick<PermissionRow, 'configure' | 'write' | 'read'>;

const ALL: Patterns = { configure: '.*', write: '.*', read: '.*' };
const READ: Patterns = { configure: '', write: '', read: '.*' };
const NONE: Patterns = { configure: '', write: '', read: '' };

export function PermissionDialog({ of, before, onClose }: PermissionDialogProps): ReactNode {
  const { users: texts, parts } = useTexts();
  const { username } = useSession();
  const isOfUser = of.kind === 'user';
  const vhosts = useVhostNames();
  const [chosen, setChosen] = useState(isOfUser ? before?.vhost : before?.user);
  const other = chosen ?? (isOfUser ? vhosts[0] : undefined) ?? '';
  const [patterns, setPatterns] = useState<Patterns>(before ?? ALL);
  const user = isOfUser ? of.name : other;
  const vhost = isOfUser ? other : of.name;
  const save = useAction(() => request('PUT', permissionPath(vhost, user), bodyOf(patterns)), {
    done: () => texts.permissionSet(user, vhost),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <FormDialog
      title={isOfUser ? texts.setPermissionTitle(of.name) : texts.permissionsOfVhostTitle(of.name)}
      submit={parts.save}
      busy={save.isPending}
      disabled={other === ''}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      {before === undefined ? (
        <OtherField isVhost={isOfUser} vhosts={vhosts} value={other} onChange={setChosen} />
      ) : (
        <p>{`${isOfUser ? texts.vhost : texts.user}: ${other}`}</p>
      )}
      <PatternFields patterns={patterns} onChange={setPatterns} />
      {before?.user === username && <Banner tone="warn" title={texts.selfPermission} />}
    </FormDialog>
  );
}

/** The row may have more fields. */
function bodyOf({ configure, write, read }: Patterns): Patterns {
  return { configure, write, read };
}

interface OtherFieldProps {
  readonly isVhost: boolean;
  readonly vhosts: readonly string[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Vhosts are few, users may be thousands. */
function OtherField({ isVhost, vhosts, value, onChange }: OtherFieldProps): ReactNode {
  const { users: texts } = useTexts();
  if (isVhost) return <VhostSelect names={vhosts} value={value} onChange={onChange} />;
  return <NameField label={texts.user} path="/api/users" required value={value} onChange={onChange} />;
}

interface PatternFieldsProps {
  readonly patterns: Patterns;
  readonly onChange: (patterns: Patterns) => void;
}

function PatternFields({ patterns, onChange }: PatternFieldsProps): ReactNode {
  const { users: texts } = useTexts();
  const hints = { configure: texts.configureHint, write: texts.writeHint, read: texts.readHint };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, and these are buttons */}
      <div className={styles['quick']} role="group" aria-label={texts.quick}>
        <Button small onClick={() => onChange(ALL)}>
          {texts.quickAll}
        </Button>
        <Button small onClick={() => onChange(READ)}>
          {texts.quickRead}
        </Button>
        <Button small onClick={() => onChange(NONE)}>
          {texts.quickNone}
        </Button>
      </div>
      {(['configure', 'write', 'read'] as const).map((kind) => (
        <TextField
          key={kind}
          label={texts[kind]}
          hint={hints[kind]}
          mono
          placeholder={texts.nothing}
          autoComplete="off"
          spellCheck={false}
          value={patterns[kind]}
          onChange={(pattern) => onChange({ ...patterns, [kind]: pattern })}
        />
      ))}
    </>
  );
}
