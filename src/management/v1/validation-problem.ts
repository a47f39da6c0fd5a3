/** What a schema found wrong with a request, as a problem: where, what was found and what is allowed. */
import type { FastifyError, FastifyRequest } from 'fastify';
import { invalidRequest, type Problem, type ProblemPart, shownValue } from './problem.ts';

type Validation = NonNullable<FastifyError['validation']>[number];

/** Parts of a request, as Fastify calls them and as we do. */
const PLACES: Readonly<Record<string, { readonly name: string; readonly field: keyof FastifyRequest }>> = {
  body: { name: 'body', field: 'body' },
  querystring: { name: 'query', field: 'query' },
  params: { name: 'path', field: 'params' },
  headers: { name: 'header', field: 'headers' },
};

export function validationProblem(error: FastifyError, request: FastifyRequest): Problem | undefined {
  const { validation, validationContext } = error;
  if (validation === undefined) return undefined;
  const place = PLACES[validationContext ?? 'body'] ?? { name: 'body', field: 'body' };
  const whole: unknown = request[place.field];
  const errors = validation.map((each) => problemPart(each, place.name, whole));
  const detail = errors.map(({ at, message, found }) =>
    found === undefined ? `${at} ${message}` : `${at} ${message}, but is ${shownValue(found)}`,
  );
  return invalidRequest(detail.join('; '), errors);
}

function problemPart(
  { instancePath, message, params, keyword }: Validation,
  place: string,
  whole: unknown,
): ProblemPart {
  const missing = params['missingProperty'];
  const additional = params['additionalProperty'];
  const path =
    instancePath +
    (typeof missing === 'string' ? `/${missing}` : typeof additional === 'string' ? `/${additional}` : '');
  const part = { at: `${place}${path}`, message: textOf(keyword, message, params) };
  const found = typeof missing === 'string' ? undefined : valueAt(whole, path);
  const allowed = params['allowedValues'] ?? params['limit'] ?? params['type'] ?? params['pattern'];
  return {
    ...part,
    ...(found === undefined ? {} : { found: isScalar(found) ? found : shownValue(found) }),
    ...(allowed === undefined ? {} : { allowed }),
  };
}

function textOf(
  keyword: string,
  message: string | undefined,
  params: Readonly<Record<string, unknown>>,
): string {
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return 'is not known here';
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).map(shownValue).join(', ')}`;
    default:
      return message ?? `does not satisfy ${keyword}`;
  }
}

/** `path`: a JSON pointer. */
function valueAt(whole: unknown, path: string): unknown {
  let value = whole;
  for (const step of path.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' && !(typeof value === 'string' && value.length > 100);
}
