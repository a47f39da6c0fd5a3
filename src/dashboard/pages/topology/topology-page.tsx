import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';

export function TopologyPage(): ReactNode {
  const { shell } = useTexts();
  return <Page title={shell.topology}>{null}</Page>;
}
