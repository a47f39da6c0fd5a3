import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Empty } from '../../parts/states.tsx';

/** In place of what the broker would refuse. */
export function AdministratorsOnly(): ReactNode {
  const { users } = useTexts();
  return (
    <Card>
      <Empty title={users.forAdministrators} icon="user">
        {users.forAdministratorsWhy}
      </Empty>
    </Card>
  );
}
