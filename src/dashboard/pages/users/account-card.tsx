import type { ReactNode } from 'react';
import type { UserRow } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { KeyValues } from '../../parts/key-values.tsx';
import { TagMarks } from './tag-marks.tsx';

export function AccountCard({ user }: { readonly user: UserRow }): ReactNode {
  const { users: texts } = useTexts();
  const hasPassword = user.password_hash !== '';
  return (
    <Card title={texts.account}>
      <KeyValues
        rows={[
          { key: texts.tags, value: <TagMarks tags={user.tags} /> },
          {
            key: texts.password,
            value: hasPassword ? texts.hasPassword : <Badge tone="warn">{texts.noPassword}</Badge>,
          },
        ]}
      />
    </Card>
  );
}
