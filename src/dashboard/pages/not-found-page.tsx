import type { ReactNode } from 'react';
import { useTexts } from '../language/language.tsx';
import { LinkButton } from '../parts/button.tsx';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
import { href } from '../route.ts';

export function NotFoundPage(): ReactNode {
  const { shell } = useTexts();
  return (
    <Page title={shell.notFound}>
      <Empty title={shell.notFoundWhy(window.location.hash)} icon="search">
        <LinkButton href={href([])}>{shell.toOverview}</LinkButton>
      </Empty>
    </Page>
  );
}
