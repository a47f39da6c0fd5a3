/** Every page of the dashboard, with the scene on the broker. */
import { BUSY_QUEUE, DEAD_LETTER_QUEUE, FINISHED_JOB, STUCK_QUEUE } from './scene.ts';

export interface DashboardPage {
  /** As in names of pictures. */
  readonly name: string;
  readonly address: string;
  /** A part of another page, or much like it: the documentation has no picture of it. */
  readonly part?: true;
  /** In the menu of those only that are administrators. */
  readonly administrators?: true;
}

const queue = (name: string, tab = ''): string => `#/queues/%2F/${name}${tab === '' ? '' : `/${tab}`}`;

export const PAGES: readonly DashboardPage[] = [
  { name: 'overview', address: '#/?window=60s' },
  { name: 'queues', address: '#/queues' },
  { name: 'queue', address: `${queue(BUSY_QUEUE)}?window=60s` },
  { name: 'queue-stuck', address: queue(STUCK_QUEUE), part: true },
  { name: 'messages', address: queue(STUCK_QUEUE, 'messages') },
  { name: 'queue-dead-letters', address: queue(DEAD_LETTER_QUEUE, 'dead-letters') },
  { name: 'queue-consumers', address: queue(BUSY_QUEUE, 'consumers'), part: true },
  { name: 'queue-bindings', address: queue(BUSY_QUEUE, 'bindings'), part: true },
  { name: 'queue-settings', address: queue(BUSY_QUEUE, 'settings'), part: true },
  { name: 'exchanges', address: '#/exchanges' },
  { name: 'exchange', address: '#/exchanges/%2F/shop' },
  { name: 'topology', address: '#/topology' },
  { name: 'dead-letters', address: '#/dead-letters' },
  { name: 'outcomes', address: `#/outcomes?vhost=%2F&id=${FINISHED_JOB}` },
  { name: 'scheduled', address: '#/scheduled' },
  { name: 'connections', address: '#/connections' },
  { name: 'channels', address: '#/channels', part: true },
  { name: 'consumers', address: '#/consumers' },
  { name: 'policies', address: '#/policies' },
  { name: 'users', address: '#/users', administrators: true },
  { name: 'user', address: '#/users/shop', administrators: true, part: true },
  { name: 'vhosts', address: '#/vhosts', administrators: true },
  { name: 'vhost', address: '#/vhosts/%2F', administrators: true, part: true },
  { name: 'definitions', address: '#/definitions', administrators: true },
  { name: 'audit', address: '#/audit', administrators: true },
];
