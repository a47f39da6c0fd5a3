import { ChannelError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { Exchange } from '../vhost/exchange.ts';

export interface PermissionExplanation {
  readonly user: string;
  readonly allowed: boolean;
  /** Why not, as the user would be told; or what allows it. */
  readonly why: string;
}

/** Whether the user of `session` may publish to the exchange with all of these routing keys. */
export function explainPublishPermission(
  session: Session,
  exchange: Exchange,
  routingKeys: readonly string[],
): PermissionExplanation {
  const { username: user, identity, vhost } = session;
  if (!identity.mayEnter(vhost.name)) {
    return { user, allowed: false, why: `user '${user}' has no permissions in vhost '${vhost.name}'` };
  }
  try {
    for (const key of routingKeys) session.exchangeToPublish(exchange.name, key);
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    return { user, allowed: false, why: error.message };
  }
  return { user, allowed: true, why: `user '${user}' may write to it` };
}
