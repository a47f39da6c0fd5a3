import type { ReactNode } from 'react';
import { useRoute } from '../../route.ts';
import { ConnectionDetails } from './connection-details.tsx';
import { ConnectionList } from './connection-list.tsx';

export function ConnectionsPage(): ReactNode {
  const name = useRoute().segments[1];
  return name === undefined ? <ConnectionList /> : <ConnectionDetails key={name} name={name} />;
}
