import { segment } from './api/api-client.ts';

/** Of a queue in RabbitMQ's API. */
export function queuePath(vhost: string, name: string): string {
  return `/api/queues/${segment(vhost)}/${segment(name)}`;
}

/** For messages, and for what a 404 is about. */
export function queueText(vhost: string, name: string): string {
  return `queue '${name}' in vhost '${vhost}'`;
}
