import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';
import type { InferenceOperations, ModelReference } from '../operations/inference.ts';
import { parseJson } from '../protocol/json.ts';
import { decodeInferRequest } from '../protocol/oip/request.ts';
import { encodeInferResponse } from '../protocol/oip/response.ts';
import { mediaType, readBody } from './request-body.ts';
import { route } from './route.ts';

/** The Open Inference Protocol, version 2: https://github.com/open-inference/open-inference-protocol */
const base = paths.inference;

/** The header with the number of bytes that are JSON, if binary tensors follow it. */
const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length';

export const inferenceProbes = [`${base}/health/live`, `${base}/health/ready`] as const;

/** The bodies have both fields, since some clients read `live` or `ready`; others read only the status. */
export function inferenceHealth(app: Hono, operations: InferenceOperations): void {
  const [live, ready] = inferenceProbes;
  route(app, live, { GET: (c) => c.json({ live: true }) });
  route(app, ready, {
    GET: async (c) => {
      const isReady = await operations.serverReady();
      return c.json({ ready: isReady, live: true }, isReady ? 200 : 503);
    },
  });
}

export function inference(app: Hono, operations: InferenceOperations): void {
  for (const path of [base, `${base}/`]) route(app, path, { GET: (c) => c.json(operations.serverMetadata()) });

  for (const path of [`${base}/models/:name`, `${base}/models/:name/versions/:version`]) {
    route(app, path, { GET: (c) => c.json(operations.modelMetadata(referenceOf(c))) });
    route(app, `${path}/ready`, {
      GET: async (c) => {
        const reference = referenceOf(c);
        const ready = await operations.modelReady(reference);
        return c.json({ name: reference.name, ready }, ready ? 200 : 503);
      },
    });
    route(app, `${path}/infer`, {
      POST: async (c) => {
        const { signature, request, outputs } = await operations.infer({
          ...referenceOf(c),
          setModel: (name) => {
            c.set('model', name);
          },
          read: async () => decodeInferRequest(await readInferBody(c), c.req.header(JSON_LENGTH_HEADER)),
        });
        const { body, jsonLength } = encodeInferResponse(signature, request, outputs);
        if (jsonLength !== undefined) c.header(JSON_LENGTH_HEADER, String(jsonLength));
        return c.body(new Uint8Array(body), 200, {
          'Content-Type': jsonLength === undefined ? 'application/json' : 'application/octet-stream',
        });
      },
    });
  }

  route(app, `${base}/repository/index`, {
    POST: async (c) => c.json(operations.repositoryIndex(readOnlyReady(await readBody(c)))),
  });
}

function referenceOf(c: Context): ModelReference {
  return { name: c.req.param('name') ?? '', version: c.req.param('version') };
}

/** Reads the body of an `infer` request, whose Content-Type may be JSON, bytes or missing. */
async function readInferBody(c: Context): Promise<Uint8Array> {
  const type = mediaType(c);
  if (type !== '' && type !== 'application/json' && type !== 'application/octet-stream' && !type.endsWith('+json')) {
    throw new ServiceError(
      'unsupported-media-type',
      `The Content-Type is ${formatValue(type)}, ` +
        'expected application/json, or application/octet-stream if binary tensors follow the JSON.',
    );
  }
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  if (encoding !== 'identity')
    throw new ServiceError(
      'unsupported-media-type',
      `The Content-Encoding is ${formatValue(encoding)}. Send the body uncompressed, without Content-Encoding.`,
    );
  return readBody(c);
}

/** Reads `ready` from the body of an index request. An empty body means all models. */
function readOnlyReady(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  const json = parseJson(body);
  const ready = typeof json === 'object' && json !== null && 'ready' in json ? json.ready : false;
  if (typeof ready !== 'boolean')
    throw new ServiceError('invalid-input', `"ready" is ${formatValue(ready)}, expected true or false.`);
  return ready;
}
