/** The page /docs: what there is under /v1, made of the OpenAPI document. It needs no script, and nobody has to log in for it. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { DOCS_STYLE } from './docs-style.ts';
import type { JsonSchema } from './v1/json-schema.ts';
import type { OpenApiContent, OpenApiDocument, OpenApiOperation, OpenApiParameter } from './v1/openapi.ts';
import { PROBLEM_KINDS } from './v1/problem.ts';

const POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

export function docsRoutes(app: FastifyInstance, openapi: () => OpenApiDocument): void {
  let page: string | undefined;
  // Where RabbitMQ describes its API.
  app.get('/api', (_request, reply) => reply.redirect('/docs'));
  app.get('/docs', (_request, reply) => {
    page ??= docsPage(openapi());
    return cached(reply).type('text/html; charset=utf-8').send(page);
  });
  app.get('/docs/style.css', (_request, reply) =>
    cached(reply).type('text/css; charset=utf-8').send(DOCS_STYLE),
  );
}

function cached(reply: FastifyReply): FastifyReply {
  return reply.header('content-security-policy', POLICY).header('cache-control', 'no-cache');
}

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

function docsPage(document: OpenApiDocument): string {
  const { info, tags } = document;
  const operations = operationsOf(document);
  const sections = tags
    .map(({ name, description }) => ({
      name,
      description,
      operations: operations.filter(({ operation }) => operation.tags?.includes(name)),
    }))
    .filter((section) => section.operations.length > 0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<nav aria-label="Contents">
<p class="name"><a href="#top">${escaped(info.title)}</a></p>
<ul>
<li><a href="#begin">How to begin</a></li>
${sections.map(navigation).join('\n')}
<li><a href="#problems">Problems</a></li>
</ul>
</nav>
<main id="content">
<header id="top">
<h1>${escaped(info.title)}</h1>
<p class="lead">${escaped(info.description)}</p>
<p class="meta">Version ${escaped(info.version)} · <a href="/v1/openapi.json">OpenAPI document</a></p>
</header>
${BEGIN}
${sections.map(sectionHtml).join('\n')}
${problems()}
</main>
</body>
</html>
`;
}

const BEGIN = `<section id="begin">
<h2>How to begin</h2>
<p>Log in with the name and password of a user (HTTP Basic) or with a token (Bearer). What a user may do is decided by its permissions, as over AMQP. In paths the default vhost <code>/</code> is written <code>%2F</code>, and the default exchange <code>amq.default</code>.</p>
<pre><code>curl -u guest:guest -X PUT -d '{"durable":true}' \\
  localhost:15672/api/queues/%2F/orders

curl -u guest:guest -d 'hello' \\
  localhost:15672/v1/queues/%2F/orders/messages

curl -u guest:guest -H 'Content-Type: application/json' -d '{"wait":"20s"}' \\
  localhost:15672/v1/queues/%2F/orders/receive</code></pre>
<p>Durations are texts like <code>250ms</code>, <code>30s</code>, <code>10m</code> or <code>1h</code>, and times are written as RFC 3339 says.</p>
<p>On the same port are RabbitMQ's management API, under <code>/api</code>, which declares queues, exchanges, users and policies, and Prometheus' metrics, under <code>/metrics</code>.</p>
</section>`;

function operationsOf({ paths }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      return [{ id: `${method}${path.replaceAll(/[^a-z]+/gi, '-')}`, method, path, operation }];
    }),
  );
}

interface Section {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Operation[];
}

function navigation({ name, description, operations }: Section): string {
  const links = operations.map(
    ({ id, path, operation }) => `<li><a href="#${id}">${escaped(operation.summary ?? path)}</a></li>`,
  );
  return `<li><a href="#${escaped(name)}">${escaped(description)}</a><ul>${links.join('')}</ul></li>`;
}

function sectionHtml({ name, description, operations }: Section): string {
  return `<section id="${escaped(name)}">
<h2>${escaped(description)}</h2>
${operations.map(operationHtml).join('\n')}
</section>`;
}

function operationHtml({ id, method, path, operation }: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  return `<article id="${id}">
<h3>${escaped(summary ?? path)}</h3>
<p class="call"><span class="method ${method}">${method.toUpperCase()}</span> <code>${pathHtml(path)}</code></p>
${description === undefined ? '' : `<p>${text(description)}</p>`}
${parametersHtml('Path', parameters, 'path')}
${parametersHtml('Query', parameters, 'query')}
${parametersHtml('Headers', parameters, 'header')}
${requestBody === undefined ? '' : contentHtml('Body', requestBody.content)}
${Object.entries(responses)
  .filter(([status]) => status !== 'default')
  .map(([status, { description: meaning, content }]) => responseHtml(status, meaning, content))
  .join('\n')}
</article>`;
}

/** What @fastify/swagger writes where a schema says nothing. */
const UNDESCRIBED = 'Default Response';

function responseHtml(status: string, description: string, content: OpenApiContent | undefined): string {
  const fields = content === undefined ? '' : contentHtml('', content);
  const meaning = description === UNDESCRIBED ? '' : `<p>${text(description)}</p>`;
  return `<h4>Answer ${escaped(status)}</h4>\n${meaning}\n${fields}`;
}

function parametersHtml(title: string, all: readonly OpenApiParameter[], place: string): string {
  const rows = all
    .filter((parameter) => parameter.in === place)
    .map(({ name, required, description, schema }) =>
      rowHtml(name, { ...schema, ...(description === undefined ? {} : { description }) }, required === true),
    );
  return rows.length === 0 ? '' : `<h4>${title}</h4>\n${tableHtml(rows)}`;
}

function contentHtml(title: string, content: OpenApiContent): string {
  return Object.entries(content)
    .map(([mediaType, { schema }]) => {
      const heading = title === '' ? '' : `<h4>${title} <span class="type">${escaped(mediaType)}</span></h4>`;
      return `${heading}\n${schemaHtml(schema)}`;
    })
    .join('\n');
}

function schemaHtml(schema: JsonSchema): string {
  const rows = rowsOf(schema, '');
  const described = schema.description === undefined ? '' : `<p>${text(schema.description)}</p>`;
  if (rows.length > 0) return tableHtml(rows);
  return described;
}

/** A row for each field; those of nested objects below it. */
function rowsOf(schema: JsonSchema, prefix: string): string[] {
  const items = schema.items === undefined ? schema : schema.items;
  const inside = schema.items === undefined ? prefix : `${prefix}[]`;
  return Object.entries(items.properties ?? {}).flatMap(([name, field]) => {
    const path = inside === '' ? name : `${inside}.${name}`;
    return [rowHtml(path, field, items.required?.includes(name) === true), ...rowsOf(field, path)];
  });
}

function rowHtml(name: string, schema: JsonSchema, required: boolean): string {
  const mark = required ? ' <span class="required">required</span>' : '';
  return `<tr><th scope="row"><code>${escaped(name)}</code>${mark}</th><td class="type">${escaped(typeOf(schema))}</td><td>${text(schema.description ?? '')}</td></tr>`;
}

function tableHtml(rows: readonly string[]): string {
  return `<div class="fields"><table><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((each) => String(each)).join(' | ');
  if (schema.items !== undefined) return `array of ${typeOf(schema.items)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : String(schema.type ?? 'any');
  if (schema.format === 'date-time') return 'time';
  if (schema.pattern?.includes('ms|s|m') === true) return 'duration';
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${type}, ${minimum} to ${maximum}`;
  return minimum === undefined ? type : `${type}, from ${minimum}`;
}

function problems(): string {
  const rows = Object.entries(PROBLEM_KINDS).map(
    ([kind, { status, title, meaning }]) =>
      `<tr id="problem-${kind}"><th scope="row">${status}</th><td><strong>${escaped(title)}</strong><br>${text(meaning)}</td></tr>`,
  );
  return `<section id="problems">
<h2>Problems</h2>
<p>What cannot be done is answered with a problem document (RFC 9457): <code>type</code> leads to one of these, <code>detail</code> says what was found and what is allowed, and <code>errors</code> where.</p>
${tableHtml(rows)}
</section>`;
}

function pathHtml(path: string): string {
  return escaped(path).replaceAll(/\{[a-z_]+\}/gi, '<var>$&</var>');
}

/** Words between backticks are code. */
function text(plain: string): string {
  return escaped(plain).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
