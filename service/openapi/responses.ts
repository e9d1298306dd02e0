import { ref } from '../contract/schemas.ts';
import type { ErrorCode } from '../errors.ts';
import { lowerFirst } from '../inference/format-value.ts';
import { httpStatuses } from '../exchange/response/http-statuses.ts';
import type { Json } from '../protocol/json-schemas.ts';

/** The errors of a body that has to be read. */
export const bodyErrors = [
  'incomplete-body',
  'invalid-json',
  'invalid-compression',
  'body-too-large',
  'unsupported-encoding',
  'invalid-input',
] as const;

/** How a body of a request that runs a model, or of its response, may be compressed. */
export const COMPRESSION =
  'The body may be compressed with gzip or deflate, as `Content-Encoding` says. ' +
  'A response of 4 KiB or more is compressed if `Accept-Encoding` allows for it.';

/** Returns the responses of the API of named features for these errors. */
export function problemResponses(codes: readonly ErrorCode[]): Json {
  return errorResponses(codes, { 'application/problem+json': { schema: ref('Problem') } });
}

/** Returns the responses of the Open Inference Protocol for these errors. */
export function inferenceErrorResponses(codes: readonly ErrorCode[]): Json {
  return errorResponses(codes, { 'application/json': { schema: ref('V2Error') } });
}

export function jsonResponse(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } };
}

/** By status, described by the titles of the errors that have it. */
function errorResponses(codes: readonly ErrorCode[], content: Json): Json {
  const titles = new Map<number, string[]>();
  for (const code of codes) {
    const { status, title } = httpStatuses[code];
    titles.set(status, [...(titles.get(status) ?? []), title]);
  }
  return Object.fromEntries(
    [...titles].map(([status, [first = '', ...others]]) => [
      status,
      { description: [first, ...others.map(lowerFirst)].join(', or '), content },
    ]),
  );
}

/** Returns a GET operation whose response has the schema. */
export function getOperation(
  operationId: string,
  tag: string,
  summary: string,
  schema: string,
  errors: readonly ErrorCode[],
): Json {
  return {
    operationId,
    tags: [tag],
    summary,
    responses: { 200: jsonResponse(summary, ref(schema)), ...problemResponses(errors) },
  };
}
