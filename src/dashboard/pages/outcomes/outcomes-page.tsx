import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';

export function OutcomesPage(): ReactNode {
  const { shell } = useTexts();
  return <Page title={shell.outcomes}>{null}</Page>;
}
