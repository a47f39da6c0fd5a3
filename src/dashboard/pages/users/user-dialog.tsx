import { type ReactNode, useState } from 'react';
import { request } from '../../data/http.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import {
  KNOWN_TAGS,
  type PasswordChange,
  risksOf,
  tagsOf,
  type UserRow,
  userBody,
  userPath,
} from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';
import { PasswordFields, type PasswordInput, passwordProblem } from './password-fields.tsx';
import { Risks } from './risks.tsx';
import { TagFields } from './tag-fields.tsx';

interface UserDialogProps {
  /** Undefined: a new one. */
  readonly before?: UserRow;
  /** For who else there is; of a new user nothing depends on it. */
  readonly users?: readonly Pick<UserRow, 'name' | 'tags'>[];
  readonly onClose: () => void;
}

export function UserDialog({ before, users = [], onClose }: UserDialogProps): ReactNode {
  const { users: texts, parts } = useTexts();
  const { username } = useSession();
  const [name, setName] = useState(before?.name ?? '');
  const [known, setKnown] = useState(() => KNOWN_TAGS.filter((tag) => before?.tags.includes(tag)));
  const [others, setOthers] = useState(() => otherTags(before?.tags ?? []));
  const [password, setPassword] = useState<PasswordInput>({
    kind: before === undefined ? 'set' : 'keep',
    text: '',
    repeated: '',
  });
  const tags = [...new Set<string>([...known, ...tagsOf(others)])];
  const save = useAction(() => request('PUT', userPath(name), userBody(tags, changeOf(password), before)), {
    done: () => (before === undefined ? texts.added(name) : texts.changed(name)),
    onDone: () => {
      onClose();
      if (before === undefined) navigate(href(['users', name]));
    },
    showRefusal: false,
  });
  const after = { tags, password: password.kind };
  return (
    <FormDialog
      title={before === undefined ? texts.addTitle : texts.editTitle(name)}
      submit={before === undefined ? parts.add : parts.save}
      busy={save.isPending}
      disabled={name === '' || passwordProblem(password) !== undefined}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      {before === undefined && (
        <TextField label={texts.name} value={name} onChange={setName} required autoFocus autoComplete="off" />
      )}
      <PasswordFields value={password} onChange={setPassword} hasBefore={before !== undefined} />
      <TagFields known={known} onKnown={setKnown} others={others} onOthers={setOthers} />
      {before !== undefined && <Risks risks={risksOf({ actor: username, before, after, users })} />}
    </FormDialog>
  );
}

function changeOf({ kind, text }: PasswordInput): PasswordChange {
  return kind === 'set' ? { kind, password: text } : { kind };
}

function otherTags(tags: readonly string[]): string {
  const known: readonly string[] = KNOWN_TAGS;
  return tags.filter((tag) => !known.includes(tag)).join(', ');
}
