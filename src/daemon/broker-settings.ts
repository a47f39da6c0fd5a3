import { hostname } from 'node:os';
import type { InitialSettings } from '../core/settings.ts';
import { socketsMax } from './open-files.ts';
import type { OptionValues } from './options.ts';
import { VERSION } from './version.ts';

/** A peer must have opened its connection this long after it connected. RabbitMQ's default. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Turns the options of a user into the settings of the broker. */
export function brokerSettings(values: OptionValues): InitialSettings {
  return Object.freeze({
    product: values.product,
    productVersion: values.productVersion,
    platform: `Leveret ${VERSION} on Node.js ${process.versions.node}`,
    information: `Leveret ${VERSION}, licensed under the Apache License 2.0`,
    nodeName: `leveret@${values.storage === 'jetstream' ? values.nodeName : hostname()}`,
    frameMax: values.frameMax,
    channelMax: values.channelMax,
    heartbeatSeconds: values.heartbeat,
    handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    messageBytesMax: values.maxMessageSize,
    connectionsMax: values.maxConnections || defaultConnectionsMax(values),
    consumerTimeoutMs: values.consumerTimeout,
    statistics: values.statistics === 'on',
    defaultVhost: values.defaultVhost,
    defaultUser: values.defaultUser,
    defaultPassword: values.defaultPassword,
    loopbackUsers: values.loopbackUsers,
  });
}

/** A node of a cluster that stands by has two sockets for each client: one to the owner. */
function defaultConnectionsMax({ storage }: OptionValues): number {
  return storage === 'jetstream' ? Math.floor(socketsMax() / 2) : socketsMax();
}
