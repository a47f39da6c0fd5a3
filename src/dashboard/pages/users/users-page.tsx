import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';

export function UsersPage(): ReactNode {
  const { shell } = useTexts();
  return <Page title={shell.users}>{null}</Page>;
}
