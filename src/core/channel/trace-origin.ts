import type { TraceOrigin } from '../vhost/tracer.ts';
import type { ChannelContext } from './channel-context.ts';

/** Who publishes or receives on a channel, for a trace. */
export function traceOriginOf({ connection, number, session }: ChannelContext): TraceOrigin {
  const { name, settings } = connection;
  return {
    nodeName: settings.nodeName,
    connectionName: name,
    channelNumber: number,
    username: session.username,
  };
}
