import type { ComponentType } from 'react';

interface PageEntry {
  /** The first segment of the address. */
  readonly path: string;
  /** Each page is a file of its own, loaded when it is opened. */
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export const PAGES: readonly PageEntry[] = [
  { path: '', load: async () => ({ default: (await import('./overview/overview-page.tsx')).OverviewPage }) },
  { path: 'queues', load: async () => ({ default: (await import('./queues/queues-page.tsx')).QueuesPage }) },
  {
    path: 'exchanges',
    load: async () => ({ default: (await import('./exchanges/exchanges-page.tsx')).ExchangesPage }),
  },
  {
    path: 'topology',
    load: async () => ({ default: (await import('./topology/topology-page.tsx')).TopologyPage }),
  },
  {
    path: 'connections',
    load: async () => ({ default: (await import('./clients/connections-page.tsx')).ConnectionsPage }),
  },
  {
    path: 'channels',
    load: async () => ({ default: (await import('./clients/channels-page.tsx')).ChannelsPage }),
  },
  {
    path: 'consumers',
    load: async () => ({ default: (await import('./clients/consumers-page.tsx')).ConsumersPage }),
  },
  {
    path: 'dead-letters',
    load: async () => ({ default: (await import('./dead-letters/dead-letters-page.tsx')).DeadLettersPage }),
  },
  {
    path: 'outcomes',
    load: async () => ({ default: (await import('./outcomes/outcomes-page.tsx')).OutcomesPage }),
  },
  {
    path: 'scheduled',
    load: async () => ({ default: (await import('./outcomes/scheduled-page.tsx')).ScheduledPage }),
  },
  { path: 'users', load: async () => ({ default: (await import('./users/users-page.tsx')).UsersPage }) },
  {
    path: 'policies',
    load: async () => ({ default: (await import('./policies/policies-page.tsx')).PoliciesPage }),
  },
  { path: 'vhosts', load: async () => ({ default: (await import('./vhosts/vhosts-page.tsx')).VhostsPage }) },
  {
    path: 'definitions',
    load: async () => ({ default: (await import('./definitions/definitions-page.tsx')).DefinitionsPage }),
  },
  {
    path: 'audit',
    load: async () => ({ default: (await import('./definitions/audit-page.tsx')).AuditPage }),
  },
];
