import { openBrokerStorage } from './broker-storage.ts';
import type { Doors } from './doors.ts';
import { HostedBroker } from './hosted-broker.ts';
import { nodeClock } from './node-clock.ts';
import type { NodeContext } from './node-context.ts';
import { NodeCredentials } from './node-credentials.ts';
import { OPTIONS } from './options.ts';

/**
 * Does once, with an empty broker in memory, what a node does when it takes over, so that code is loaded and compiled before
 * anybody waits for it: making the HTTP application takes 70 ms instead of 230. Begins to hash a password, for whose thread the
 * first log-in would wait.
 */
export async function rehearseTerm(context: NodeContext, doors: Doors, withHttp: boolean): Promise<void> {
  const { settings, tokens, messageTracer } = context;
  const values = { ...context.values, storage: 'memory' as const };
  const nothing = (): void => {};
  const hosted = await HostedBroker.open(
    { values, settings, tokens, messageTracer, onEvent: nothing, onFailure: nothing, onHalt: nothing },
    (events) => openBrokerStorage(values, events),
  );
  if (withHttp) await hosted.openApi(context.managementHost(hosted, doors));
  await hosted.close(performance.now(), nothing);
  const wellKnownPassword = OPTIONS.defaultPassword.default;
  const credentials = new NodeCredentials({ replacesCheapHashes: true, wellKnownPassword, ...nodeClock });
  credentials.verify('', undefined, nothing);
}
