import { lazy, type ReactNode, Suspense, useState } from 'react';
import { LiveData } from './data/live-data.tsx';
import { SessionProvider, useSessionActions, useSessionState } from './data/session.tsx';
import { LoginPage } from './pages/login/login-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { PAGES } from './pages/pages.ts';
import { PageBoundary } from './parts/page-boundary.tsx';
import { Failed, Loading } from './parts/states.tsx';
import { useRoute } from './route.ts';
import { Shell } from './shell/shell.tsx';

export function App(): ReactNode {
  const state = useSessionState();
  const { forget } = useSessionActions();
  const [hasEnded, setEnded] = useState(false);
  switch (state.kind) {
    case 'loading':
      return <Loading />;
    case 'failed':
      return <Failed error={state.error} onRetry={() => window.location.reload()} />;
    case 'out':
      return <LoginPage hasEnded={hasEnded} />;
    case 'in':
      return (
        <SessionProvider session={state.session}>
          <LiveData
            onLoggedOut={() => {
              setEnded(true);
              forget();
            }}
          >
            <Shell>
              <CurrentPage />
            </Shell>
          </LiveData>
        </SessionProvider>
      );
  }
}

const lazyPages = new Map(PAGES.map(({ path, load }) => [path, lazy(load)]));

/**
 * The first segment of the address says which page; the page looks at the rest. The key ends the page before at once: kept until
 * the next one is loaded, it would take the address of that for its own.
 */
function CurrentPage(): ReactNode {
  const { segments } = useRoute();
  const [name = ''] = segments;
  const PageOf = lazyPages.get(name);
  if (PageOf === undefined) return <NotFoundPage />;
  return (
    <PageBoundary key={name}>
      <Suspense fallback={<Loading lines={6} />}>
        <PageOf />
      </Suspense>
    </PageBoundary>
  );
}
