import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { ApiError, request } from './http.ts';

/** The answer of GET /v1/session. */
export interface SessionAnswer {
  readonly username: string;
  readonly tags: readonly string[];
  readonly ends_at?: string;
  readonly version?: string;
  readonly permissions: readonly VhostPermission[];
}

/** Regular expressions, as RabbitMQ has them. */
export interface VhostPermission {
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export type PermissionKind = 'configure' | 'write' | 'read';

/** Who is logged in, and what may be offered. The broker decides in the end. */
export class Session {
  readonly username: string;
  readonly tags: readonly string[];
  readonly version: string | undefined;
  readonly permissions: readonly VhostPermission[];

  constructor({ username, tags, version, permissions }: SessionAnswer) {
    this.username = username;
    this.tags = tags;
    this.version = version;
    this.permissions = permissions;
  }

  get isAdministrator(): boolean {
    return this.tags.includes('administrator');
  }

  get mayMonitor(): boolean {
    return this.isAdministrator || this.tags.includes('monitoring');
  }

  get maySetPolicies(): boolean {
    return this.isAdministrator || this.tags.includes('policymaker');
  }

  /** In a vhost, for a queue or an exchange of that name. */
  may(kind: PermissionKind, vhost: string, name: string): boolean {
    const permission = this.permissions.find((each) => each.vhost === vhost);
    return permission !== undefined && matches(permission[kind], name);
  }

  /** Whether there is a name that it may. */
  maySome(kind: PermissionKind, vhost: string): boolean {
    const pattern = this.permissions.find((each) => each.vhost === vhost)?.[kind];
    return pattern !== undefined && pattern !== '' && pattern !== '^$';
  }
}

/** An empty pattern allows nothing but an empty name. What a browser cannot read is left to the broker. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return true;
  }
}

const SESSION_KEY = ['session'];
const SessionContext = createContext<Session | undefined>(undefined);

export type SessionState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'out' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'in'; readonly session: Session };

export function useSessionState(): SessionState {
  const { data, error } = useQuery<SessionAnswer | null, ApiError>({
    queryKey: SESSION_KEY,
    queryFn: findSession,
  });
  const session = useMemo(() => (data ? new Session(data) : undefined), [data]);
  if (session !== undefined) return { kind: 'in', session };
  if (data === null) return { kind: 'out' };
  return error === null ? { kind: 'loading' } : { kind: 'failed', error };
}

async function findSession(): Promise<SessionAnswer | null> {
  try {
    return await request<SessionAnswer>('GET', '/v1/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Whether the broker says that nobody is logged in. While it does not answer, nobody knows. */
export async function hasSessionEnded(): Promise<boolean> {
  try {
    return (await findSession()) === null;
  } catch {
    return false;
  }
}

export interface SessionActions {
  /** Throws an `ApiError`: 401 wrong, 429 throttled. */
  logIn(username: string, password: string): Promise<void>;
  logOut(): Promise<void>;
  /** The broker has ended it. */
  forget(): void;
}

export function useSessionActions(): SessionActions {
  const client = useQueryClient();
  return useMemo(() => {
    // the query of the session itself stays: a cleared cache tells nobody that it is another now
    const become = (session: SessionAnswer | null): void => {
      client.setQueryData(SESSION_KEY, session);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    };
    const forget = (): void => become(null);
    return {
      forget,
      logIn: async (username, password) => {
        become(await request<SessionAnswer>('POST', '/v1/session', { username, password }));
      },
      logOut: async () => {
        await request('DELETE', '/v1/session');
        forget();
      },
    };
  }, [client]);
}

export function SessionProvider({
  session,
  children,
}: {
  readonly session: Session;
  readonly children: ReactNode;
}): ReactNode {
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** For what is shown to those who are logged in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('useSession needs a SessionProvider above it');
  return session;
}
