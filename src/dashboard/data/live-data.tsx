import { type QueryClient, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { type ApiError, request } from './http.ts';
import { type LiveState, LiveStream } from './live-stream.ts';
import { hasSessionEnded } from './session.tsx';

const LiveContext = createContext<LiveStream | undefined>(undefined);

/** Everything below shares one stream of updates. */
export function LiveData({
  children,
  onLoggedOut,
}: {
  readonly children: ReactNode;
  readonly onLoggedOut: () => void;
}): ReactNode {
  const client = useQueryClient();
  const [stream] = useState(() => makeStream(client, onLoggedOut));
  useEffect(() => () => stream.close(), [stream]);
  return <LiveContext value={stream}>{children}</LiveContext>;
}

function makeStream(client: QueryClient, onLoggedOut: () => void): LiveStream {
  return new LiveStream({
    onLoggedOut,
    onLost: () => void hasSessionEnded().then((hasEnded) => hasEnded && onLoggedOut()),
    onAnswer: ({ path, status, body }) => {
      if (status === 200) client.setQueryData([path], body);
      else void client.invalidateQueries({ queryKey: [path], exact: true });
    },
  });
}

/**
 * The answer of a GET path, kept up to date by the broker for as long as it is shown. Undefined as path: not yet. The previous
 * answer stays while another path loads, so that a page does not flicker when somebody sorts a table.
 */
export function useLive<T>(path: string | undefined): UseQueryResult<T, ApiError> {
  const stream = useContext(LiveContext);
  useEffect(() => (path === undefined ? undefined : stream?.watch(path)), [stream, path]);
  return useAnswer<T>(path, true);
}

/** The answer of a GET path, asked when it comes into view, and again after an action of this page. */
export function useOnce<T>(path: string | undefined): UseQueryResult<T, ApiError> {
  return useAnswer<T>(path, 'always');
}

function useAnswer<T>(
  path: string | undefined,
  refetchOnMount: boolean | 'always',
): UseQueryResult<T, ApiError> {
  return useQuery<T, ApiError>({
    refetchOnMount,
    queryKey: [path],
    queryFn: () => request<T>('GET', path as string),
    enabled: path !== undefined,
    placeholderData: (previous) => previous,
  });
}

export function useLiveState(): LiveState {
  const stream = useContext(LiveContext);
  return useSyncExternalStore(
    (listener) => stream?.subscribe(listener) ?? (() => undefined),
    () => stream?.state ?? 'idle',
  );
}
