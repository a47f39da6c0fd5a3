import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';

export function DefinitionsPage(): ReactNode {
  const { shell } = useTexts();
  return <Page title={shell.definitions}>{null}</Page>;
}
