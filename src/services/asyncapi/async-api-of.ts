import type { AnyContract } from '../contract.ts';
import type { Unit } from '../service.ts';
import {
  deadQueue,
  HEADER,
  inQueue,
  limitedQueue,
  NO_KEY,
  PARTITION_COUNT,
  partitionQueue,
  SLOT_COUNT,
  slotRoutingKey,
} from '../wire.ts';
import type {
  AsyncApiDocument,
  Channel,
  JsonSchema,
  Message,
  Named,
  Operation,
  QueueBinding,
  Reference,
} from './async-api-document.ts';
import { payloadSchema } from './payload-schema.ts';

export interface AsyncApiOptions {
  /** Of the system that the units make up. */
  readonly title: string;
  /** Of its contracts. */
  readonly version: string;
  /** Contracts besides those that the units handle: what no unit handles is described as what they send to others. */
  readonly contracts?: readonly AnyContract[];
}

const BINDING_VERSION = '0.3.0';
const ERROR_MESSAGE = 'error';

/**
 * The AsyncAPI document of a system: a channel for each exchange and queue, an operation for each contract that a unit handles. The
 * same units give the same document, whatever their order. Recurring jobs are the affair of their service, and left out.
 *
 * @example
 * const document = asyncApiOf([ordersUnit, paymentsUnit], { title: 'Shop', version: '1.0.0', contracts: [orderPlaced] });
 * console.log(JSON.stringify(document, undefined, 2));
 */
export function asyncApiOf(units: readonly Unit[], options: AsyncApiOptions): AsyncApiDocument {
  const receivers = units.flatMap(receiversOf);
  const contracts = contractsOf(receivers, options.contracts ?? []);
  const commands = contracts.filter(({ kind }) => kind === 'command');
  const handled = new Set(receivers.map(({ contract }) => contract.name));
  const sent = contracts.filter(({ name }) => !handled.has(name));
  return {
    asyncapi: '3.0.0',
    info: { title: options.title, version: options.version, description: DESCRIPTION },
    defaultContentType: 'application/json',
    channels: named([
      ...contracts.map((contract): Entry<Channel> => [exchangeId(contract), exchangeChannel(contract)]),
      ...commands.map((contract): Entry<Channel> => [replyId(contract), replyChannel(contract)]),
      ...queueChannels(receivers),
    ]),
    operations: named([...receivers.map(receiveOperation), ...sent.map(sendOperation)]),
    components: {
      messages: named([
        ...contracts.map((contract): Entry<Message> => [messageId(contract), messageOf(contract)]),
        ...commands.map((contract): Entry<Message> => [replyId(contract), replyOf(contract)]),
        ...(commands.length === 0 ? [] : [[ERROR_MESSAGE, errorMessage] as const]),
      ]),
      schemas: named([
        ...contracts.map(
          (contract): Entry<JsonSchema> => [
            messageId(contract),
            schemaOf(messageId(contract), contract.schema),
          ],
        ),
        ...commands.map((contract): Entry<JsonSchema> => [replyId(contract), replySchema(contract)]),
        ...(commands.length === 0 ? [] : [[ERROR_MESSAGE, { description: 'Empty.' }] as const]),
      ]),
    },
  };
}

const DESCRIPTION = `Each contract is a durable topic exchange. A message has its payload as JSON, a message-id, the name of its contract as type, and a timestamp. Its routing key is slot.<0..${SLOT_COUNT - 1}> by its key, or ${NO_KEY}. Whoever publishes a message again does so with the same message-id.`;

type Entry<T> = readonly [name: string, value: T];

/** In the order of their names. */
function named<T>(entries: readonly Entry<T>[]): Named<T> {
  return Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A service that handles a contract, and the queues in which its messages wait. */
interface Receiver {
  readonly service: string;
  readonly contract: AnyContract;
  /** For people: by what of the service. */
  readonly by: string;
  readonly queues: readonly string[];
}

function receiversOf({ name: service, parts }: Unit): readonly Receiver[] {
  return parts.flatMap((part): readonly Receiver[] => {
    const queues = [inQueue(service)];
    if (part.part === 'recurring') return [];
    if (part.part === 'batch') return [{ service, contract: part.contract, by: ' in batches', queues }];
    if (part.part === 'saga') {
      const by = ` by the saga '${part.name}'`;
      return part.definition.transitions.map(({ contract }) => ({ service, contract, by, queues }));
    }
    const { contract, options } = part;
    if (options.ordered !== true) {
      const own = options.rate === undefined ? queues : [limitedQueue(service, contract.name)];
      return [{ service, contract, by: '', queues: own }];
    }
    return [{ service, contract, by: ' in order by key', queues: partitionQueues(service, contract) }];
  });
}

function partitionQueues(service: string, { name }: AnyContract): readonly string[] {
  return Array.from({ length: PARTITION_COUNT }, (_, partition) => partitionQueue(service, name, partition));
}

/** Each once. Throws `TypeError` when two of different kinds share a name, and so an exchange. */
function contractsOf(receivers: readonly Receiver[], others: readonly AnyContract[]): readonly AnyContract[] {
  const found = new Map<string, AnyContract>();
  for (const contract of [...receivers.map((receiver) => receiver.contract), ...others]) {
    const earlier = found.get(contract.name) ?? contract;
    if (earlier.kind !== contract.kind) {
      throw new TypeError(
        `'${contract.name}' is the name of a command and of an event; allowed: a name of its own for each; rename one`,
      );
    }
    found.set(contract.name, earlier);
  }
  return [...found.values()];
}

function exchangeId({ name }: AnyContract): string {
  return `exchange.${name}`;
}

function queueId(queue: string): string {
  return `queue.${queue}`;
}

function messageId({ name }: AnyContract): string {
  return `message.${name}`;
}

function replyId({ name }: AnyContract): string {
  return `reply.${name}`;
}

function channelRef(channel: string): Reference {
  return { $ref: `#/channels/${channel}` };
}

function componentRef(message: string): Reference {
  return { $ref: `#/components/messages/${message}` };
}

/** Operations name the messages of their channel. */
function channelMessageRef(channel: string, message: string): Reference {
  return { $ref: `#/channels/${channel}/messages/${message}` };
}

function exchangeChannel(contract: AnyContract): Channel {
  const { name, hasKey } = contract;
  return {
    address: hasKey ? slotRoutingKey('{slot}') : NO_KEY,
    description: `Exchange of the ${contract.kind} '${name}'.`,
    messages: { [messageId(contract)]: componentRef(messageId(contract)) },
    ...(hasKey && { parameters: { slot: { description: SLOT_DESCRIPTION } } }),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name, type: 'topic', durable: true, autoDelete: false },
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

const SLOT_DESCRIPTION = `0 to ${SLOT_COUNT - 1}: FNV-1a (32 bits) of the key in UTF-8, modulo ${SLOT_COUNT}.`;

function replyChannel(contract: AnyContract): Channel {
  return {
    address: null,
    description: `Answers to '${contract.name}', to the queue that the caller names in reply-to.`,
    messages: {
      [replyId(contract)]: componentRef(replyId(contract)),
      [ERROR_MESSAGE]: componentRef(ERROR_MESSAGE),
    },
  };
}

function queueChannels(receivers: readonly Receiver[]): readonly Entry<Channel>[] {
  const contents = new Map<string, AnyContract[]>();
  for (const { service, contract, queues } of receivers) {
    for (const queue of [...queues, deadQueue(service)]) {
      contents.set(queue, [...(contents.get(queue) ?? []), contract]);
    }
  }
  const dead = new Map(receivers.map(({ service }) => [deadQueue(service), service]));
  return [...contents].map(([queue, contracts]) => [
    queueId(queue),
    queueChannel(queue, contracts, dead.get(queue)),
  ]);
}

function queueChannel(queue: string, contracts: readonly AnyContract[], deadOf: string | undefined): Channel {
  const exchanges = contracts.map(({ name }) => `'${name}'`).sort();
  const description =
    deadOf === undefined
      ? `Bound to ${exchanges.join(', ')}.`
      : `Dead letters of the service '${deadOf}': ${HEADER.error} says why, ${HEADER.attempts} after how many attempts.`;
  return {
    address: queue,
    description,
    messages: named(
      contracts.map((contract) => [messageId(contract), componentRef(messageId(contract))] as const),
    ),
    bindings: { amqp: queueBinding(queue) },
  };
}

function queueBinding(name: string): QueueBinding {
  return {
    is: 'queue',
    queue: { name, durable: true, exclusive: false, autoDelete: false },
    bindingVersion: BINDING_VERSION,
  };
}

function receiveOperation({ service, contract, by, queues }: Receiver): Entry<Operation> {
  const operation = operationOf('receive', `${service} handles '${contract.name}'${by}.`, contract);
  return [`receive.${service}.${contract.name}`, { ...operation, 'x-queues': queues }];
}

function sendOperation(contract: AnyContract): Entry<Operation> {
  const verb = contract.kind === 'command' ? 'sent' : 'published';
  return [`send.${contract.name}`, operationOf('send', `'${contract.name}' is ${verb} to others.`, contract)];
}

function operationOf(action: Operation['action'], summary: string, contract: AnyContract): Operation {
  const channel = exchangeId(contract);
  const isCommand = contract.kind === 'command';
  return {
    action,
    summary,
    channel: channelRef(channel),
    messages: [channelMessageRef(channel, messageId(contract))],
    ...(isCommand && { reply: replyTo(contract) }),
    bindings: {
      amqp: {
        deliveryMode: 2,
        mandatory: isCommand,
        timestamp: true,
        ack: true,
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}

function replyTo(contract: AnyContract): Exclude<Operation['reply'], undefined> {
  const channel = replyId(contract);
  return {
    address: {
      location: '$message.header#/reply-to',
      description: 'The property reply-to of the message. Without it there is no answer.',
    },
    channel: channelRef(channel),
    messages: [channelMessageRef(channel, replyId(contract)), channelMessageRef(channel, ERROR_MESSAGE)],
  };
}

const CORRELATION_ID = { location: '$message.header#/correlation-id' };

function messageOf(contract: AnyContract): Message {
  const { kind, name } = contract;
  return {
    name,
    summary: `The ${kind} '${name}'.`,
    contentType: 'application/json',
    payload: { $ref: schemaPlace(messageId(contract)) },
    ...(kind === 'command' && { correlationId: CORRELATION_ID }),
    bindings: { amqp: { messageType: name, bindingVersion: BINDING_VERSION } },
  };
}

function replyOf(contract: AnyContract): Message {
  return {
    ...messageOf(contract),
    summary: `The answer to '${contract.name}'.`,
    payload: { $ref: schemaPlace(replyId(contract)) },
    correlationId: CORRELATION_ID,
  };
}

const errorMessage: Message = {
  name: ERROR_MESSAGE,
  summary: 'A command was not handled.',
  contentType: 'application/json',
  headers: {
    type: 'object',
    required: [HEADER.error],
    properties: {
      [HEADER.error]: { type: 'string', description: 'Why.' },
      [HEADER.errorKind]: {
        type: 'string',
        description: "'rejected' when trying again does not help.",
      },
    },
  },
  payload: { $ref: schemaPlace(ERROR_MESSAGE) },
  correlationId: CORRELATION_ID,
  bindings: { amqp: { messageType: ERROR_MESSAGE, bindingVersion: BINDING_VERSION } },
};

function schemaPlace(schema: string): string {
  return `#/components/schemas/${schema}`;
}

function schemaOf(id: string, schema: AnyContract['schema']): JsonSchema {
  return payloadSchema(schema, schemaPlace(id));
}

/** A command without a reply is answered all the same, with nothing, when somebody calls it. */
function replySchema(contract: AnyContract): JsonSchema {
  return contract.reply === undefined ? { type: 'null' } : schemaOf(replyId(contract), contract.reply);
}
