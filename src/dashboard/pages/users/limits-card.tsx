import { type ReactNode, useState } from 'react';
import { LIMIT_NAMES, type Limits, type LimitsOf } from '../../data/users.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { KeyValues } from '../../parts/key-values.tsx';
import { LimitsDialog } from './limits-dialog.tsx';

export function LimitsCard({ of, limits }: { readonly of: LimitsOf; readonly limits: Limits }): ReactNode {
  const { users: texts } = useTexts();
  const formats = useFormats();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card
      title={texts.limitsTitle}
      actions={
        <Button icon="edit" small onClick={() => setOpen(true)}>
          {texts.editLimits}
        </Button>
      }
    >
      <KeyValues
        rows={LIMIT_NAMES[of.kind].map((name) => ({
          key: texts.limitNames[name],
          value: limits[name] === undefined ? texts.unlimited : formats.count(limits[name]),
        }))}
      />
      {isOpen && <LimitsDialog of={of} limits={limits} onClose={() => setOpen(false)} />}
    </Card>
  );
}
