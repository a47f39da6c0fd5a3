import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';

export function VhostsPage(): ReactNode {
  const { shell } = useTexts();
  return <Page title={shell.vhosts}>{null}</Page>;
}
