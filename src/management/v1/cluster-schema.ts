/** What the routes about the cluster take and answer. docs/cluster.md explains the words. */
import type { JsonProperties, JsonSchema, RouteSchema } from './json-schema.ts';

const TAGS = ['cluster'];
const text: JsonSchema = { type: 'string' };
const count: JsonSchema = { type: 'integer', minimum: 0 };

const ROLE: JsonSchema = {
  type: 'string',
  enum: ['single', 'starting', 'owner', 'standby'],
  description:
    '`owner`: it has the log and works; `standby`: another node does; `starting`: it does not know yet, or reads the log; `single`: there is no cluster',
};

const STATE: JsonProperties = {
  cluster: { ...text, description: 'The name of the cluster' },
  node: { ...text, description: 'The name of the node that answers' },
  role: ROLE,
  owner: {
    type: ['string', 'null'],
    description: 'The node that owns the log, or did when it was last heard of; null when nobody does',
  },
  epoch: { ...count, description: 'Grows with each owner; 0 before the first one' },
  lease_ms: { ...count, description: 'How long the others leave the log to an owner that is silent' },
  serves_clients: {
    type: 'boolean',
    description: 'Whether clients of this node are served, by itself or by the owner that it passes them to',
  },
};

export const CLUSTER_SCHEMA: RouteSchema = {
  tags: TAGS,
  security: [],
  summary: 'What a node is in its cluster, and who owns the log',
  description: 'Every node answers for itself, whatever its role. No log-in is needed.',
  response: { 200: { description: 'What it knows now', type: 'object', properties: STATE } },
};

const NODE: JsonSchema = {
  type: 'object',
  properties: {
    name: text,
    role: ROLE,
    version: { ...text, description: 'Of Leveret' },
    standby_mode: {
      type: 'string',
      enum: ['pass', 'refuse'],
      description: 'What it does with clients while another node owns the log',
    },
    http_address: { ...text, description: '`host:port`, as others reach it; empty where it has none' },
    amqp_address: text,
  },
};

const REPLICA: JsonSchema = {
  type: 'object',
  properties: {
    server: text,
    is_current: { type: 'boolean', description: 'Whether it has what the leader has' },
    is_offline: { type: 'boolean', description: 'Whether the leader does not hear of it' },
    lag: { ...count, description: 'Operations of the leader that it does not have yet' },
  },
};

const STREAM: JsonSchema = {
  type: 'object',
  properties: {
    name: text,
    entries: count,
    bytes: count,
    leader: { ...text, description: 'The NATS server that leads it; empty while there is none' },
    replicas: { type: 'array', description: 'The other servers that have it', items: REPLICA },
  },
};

export const NODES_SCHEMA: RouteSchema = {
  tags: TAGS,
  summary: 'The nodes that are there, and the streams that the log is kept in',
  description: 'For the tag monitoring. A node that has said nothing for some seconds is left out.',
  response: {
    200: {
      description: 'Both lists',
      type: 'object',
      properties: {
        nodes: { type: 'array', items: NODE },
        streams: { type: 'array', items: STREAM },
      },
    },
    503: { description: 'The servers that the log is kept in do not answer' },
  },
};

export const HAND_OVER_SCHEMA: RouteSchema = {
  tags: TAGS,
  summary: 'Give the log to another node',
  description:
    'For the tag administrator. Clients are disconnected in good order, all of the log becomes durable, and the other node begins: nothing is lost, and nobody waits for a lease. `GET /v1/cluster` tells when it is done.',
  body: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      to: { ...text, maxLength: 255, description: 'The name of a node; whichever is there when absent' },
    },
  },
  response: {
    202: {
      description: 'It has begun',
      type: 'object',
      properties: { from: text, to: { ...text, description: 'The node that is to own the log' } },
    },
  },
};

const STATUS: JsonSchema = { type: 'object', required: ['status'], properties: { status: text } };

export const HEALTH_OWNER_SCHEMA: RouteSchema = {
  tags: ['health'],
  security: [],
  summary: 'Whether this node works itself',
  description:
    'For load balancers that are to send clients to the owner alone. A broker without a cluster does.',
  response: {
    200: { description: 'It owns the log, and clients may connect', ...STATUS },
    503: { description: 'It does not: another node may', ...STATUS },
  },
};
