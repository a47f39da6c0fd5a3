/** The OpenAPI document of /v1, made of the schemas of its routes. */

import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { ManagementContext } from '../management-context.ts';
import type { JsonSchema } from './json-schema.ts';

/** What is read of the document here. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: OpenApiOperation } };
}

export interface OpenApiOperation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: { readonly content: OpenApiContent };
  readonly responses: {
    readonly [status: string]: { readonly description: string; readonly content?: OpenApiContent };
  };
  readonly security?: readonly unknown[];
}

export interface OpenApiParameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OpenApiContent {
  readonly [mediaType: string]: { readonly schema: JsonSchema };
}

const TAGS = [
  { name: 'publish', description: 'Publishing' },
  { name: 'receive', description: 'Receiving and settling' },
  { name: 'look', description: 'Looking into queues' },
  { name: 'outcomes', description: 'Outcomes of messages' },
  { name: 'scheduled', description: 'Messages for later' },
  { name: 'flow', description: 'Queue maths' },
  { name: 'explain', description: 'Explanations' },
  { name: 'watch', description: 'Live updates' },
  { name: 'sessions', description: 'Logging in from a browser' },
  { name: 'audit', description: 'Who changed what' },
  { name: 'cluster', description: 'Nodes that share a log' },
  { name: 'health', description: 'Health' },
] as const;

const PROBLEM_RESPONSE = {
  description: 'A problem document (RFC 9457)',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        properties: {
          type: { type: 'string', description: 'Which kind of problem: a part of the page /docs' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string', description: 'What was found, what is allowed, and what to do' },
          instance: { type: 'string', description: 'The path of the request' },
          errors: {
            type: 'array',
            description: 'Each thing that is wrong with the request',
            items: {
              type: 'object',
              properties: { at: { type: 'string' }, message: { type: 'string' }, found: {}, allowed: {} },
            },
          },
        },
        required: ['type', 'title', 'status', 'detail', 'instance'],
      },
    },
  },
};

const documents = new WeakMap<FastifyInstance, () => OpenApiDocument>();

/** To be called before any route is registered in `v1`. */
export async function describeRoutes(
  app: FastifyInstance,
  v1: FastifyInstance,
  { host }: ManagementContext,
): Promise<void> {
  await v1.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Leveret over HTTP',
        version: host.node().version,
        description:
          'Messaging for programs without an AMQP client, and what the management API of RabbitMQ has no words for.',
      },
      tags: [...TAGS],
      components: {
        securitySchemes: {
          basic: { type: 'http', scheme: 'basic' },
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        },
      },
      security: [{ basic: [] }, { bearer: [] }],
    },
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({ schema: withProblem(schema), url }),
  });
  // The plugin's types are those of OpenAPI 3.0 and 2.0 together.
  documents.set(app, () => v1.swagger() as unknown as OpenApiDocument);
  v1.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json').serializer(JSON.stringify).send(v1.swagger()),
  );
}

/** The document of an application whose routes are all registered. */
export function openapi(app: FastifyInstance): OpenApiDocument {
  const document = documents.get(app);
  if (document === undefined) throw new Error('openapi was asked for before describeRoutes');
  return document();
}

/** Every operation may answer with a problem. */
function withProblem(schema: FastifySchema | undefined): FastifySchema {
  const response = (schema?.response ?? {}) as Record<string, unknown>;
  return { ...schema, response: { ...response, default: PROBLEM_RESPONSE } };
}
