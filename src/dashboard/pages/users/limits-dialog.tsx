import { type ReactNode, useState } from 'react';
import { request, segment } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { LIMIT_NAMES, type Limits, type LimitsOf } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { NumberField } from '../../parts/fields.tsx';

interface LimitsDialogProps {
  readonly of: LimitsOf;
  readonly limits: Limits;
  readonly onClose: () => void;
}

export function LimitsDialog({ of, limits, onClose }: LimitsDialogProps): ReactNode {
  const { users: texts, parts } = useTexts();
  const names = LIMIT_NAMES[of.kind];
  const [values, setValues] = useState(() => names.map((name) => limits[name]));
  const save = useAction(
    async () => {
      for (const [at, name] of names.entries()) {
        if (values[at] !== limits[name]) await putLimit(of, name, values[at]);
      }
    },
    { done: () => texts.limitsChanged, onDone: onClose, showRefusal: false },
  );
  return (
    <FormDialog
      title={texts.editLimits}
      submit={parts.save}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      {names.map((name, at) => (
        <NumberField
          key={name}
          label={texts.limitNames[name]}
          hint={texts.limitHint}
          optional
          min={0}
          step={1}
          value={values[at]}
          onChange={(value) => setValues(values.with(at, value))}
        />
      ))}
    </FormDialog>
  );
}

async function putLimit({ kind, name }: LimitsOf, limit: string, value: number | undefined): Promise<void> {
  const path = `/api/${kind}-limits/${segment(name)}/${limit}`;
  if (value === undefined) await request('DELETE', path);
  else await request('PUT', path, { value });
}
