import type { ReactNode } from 'react';
import type { PasswordChange } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { FieldRow, SelectField, TextField } from '../../parts/fields.tsx';

export interface PasswordInput {
  readonly kind: PasswordChange['kind'];
  readonly text: string;
  readonly repeated: string;
}

interface PasswordFieldsProps {
  readonly value: PasswordInput;
  readonly onChange: (value: PasswordInput) => void;
  /** There is a user whose password can stay. */
  readonly hasBefore: boolean;
}

export function PasswordFields({ value, onChange, hasBefore }: PasswordFieldsProps): ReactNode {
  const { users: texts } = useTexts();
  const kinds = hasBefore ? (['keep', 'set', 'none'] as const) : (['set', 'none'] as const);
  return (
    <>
      <SelectField
        label={texts.password}
        choices={kinds.map((kind) => ({ value: kind, label: texts.passwordChoices[kind] }))}
        value={value.kind}
        onChange={(kind) => onChange({ ...value, kind })}
      />
      {value.kind === 'set' && (
        <FieldRow>
          <TextField
            label={texts.newPassword}
            type="password"
            autoComplete="new-password"
            value={value.text}
            onChange={(text) => onChange({ ...value, text })}
          />
          <TextField
            label={texts.repeatPassword}
            type="password"
            autoComplete="new-password"
            value={value.repeated}
            onChange={(repeated) => onChange({ ...value, repeated })}
            aria-invalid={passwordProblem(value) === 'differ'}
            {...(passwordProblem(value) === 'differ' ? { hint: texts.passwordsDiffer } : {})}
          />
        </FieldRow>
      )}
    </>
  );
}

/** Undefined: it can be set so. What is not typed to its end does not differ yet. */
export function passwordProblem({ kind, text, repeated }: PasswordInput): 'missing' | 'differ' | undefined {
  if (kind !== 'set') return undefined;
  if (text === '' || (repeated !== text && text.startsWith(repeated))) return 'missing';
  return repeated === text ? undefined : 'differ';
}
