import { join } from 'node:path';
import {
  ListenError,
  OptionError,
  type RunningBroker,
  type StartBrokerOptions,
  StorageError,
  startBroker,
} from '../../daemon/start-broker.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';

export interface OwnBrokerOptions {
  /** Whether messages are on the disk, in the folder `.leveret` of the project. */
  readonly keep: boolean;
  /** Without a port: the usual one, or any free one when that is taken. */
  readonly amqpPort: number | false | undefined;
  readonly httpPort: number | false | undefined;
}

const USUAL_PORTS = { amqp: 5672, http: 15672 } as const;

/** Starts a broker in this process, for the services of a project. */
export async function startOwnBroker(
  project: Project,
  options: OwnBrokerOptions,
  onEvent: NonNullable<StartBrokerOptions['onEvent']>,
): Promise<RunningBroker> {
  const { amqpPort = USUAL_PORTS.amqp, httpPort = USUAL_PORTS.http, keep } = options;
  const storage = keep ? { dataDir: join(project.root, '.leveret', 'broker') } : {};
  try {
    return await startBroker({ amqpPort, httpPort, ...storage, onEvent });
  } catch (reason) {
    if (reason instanceof ListenError && reason.code === 'ADDRESS_IN_USE') {
      const { listener } = reason;
      if (listener === 'amqp' && options.amqpPort === undefined)
        return startOwnBroker(project, { ...options, amqpPort: 0 }, onEvent);
      if (listener === 'http' && options.httpPort === undefined)
        return startOwnBroker(project, { ...options, httpPort: 0 }, onEvent);
    }
    throw startFailure(reason);
  }
}

function startFailure(reason: unknown): unknown {
  const isExpected =
    reason instanceof ListenError || reason instanceof StorageError || reason instanceof OptionError;
  return isExpected
    ? new ProjectError('START_FAILED', `the broker of this project: ${reason.message}`)
    : reason;
}
