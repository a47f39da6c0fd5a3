import type { ReactNode } from 'react';
import { useRoute } from '../../route.ts';
import { QueueList } from './queue-list.tsx';
import { QueuePage } from './queue-page.tsx';

/** `#/queues`, and `#/queues/VHOST/NAME/TAB`. */
export function QueuesPage(): ReactNode {
  const [, vhost, name, tab = ''] = useRoute().segments;
  if (vhost === undefined || name === undefined) return <QueueList />;
  return <QueuePage key={JSON.stringify([vhost, name])} vhost={vhost} name={name} tab={tab} />;
}
