import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { inferenceProbes } from '../exchange/probes.ts';
import { formatValue } from '../inference/format-value.ts';
import type { InferenceOperations, ModelReference } from '../operations/inference.ts';
import { parseJson } from '../protocol/json.ts';
import { readBody } from './request-body.ts';
import { route } from './route.ts';

/**
 * The Open Inference Protocol, version 2, except `infer`, which is in `run.ts`:
 * https://github.com/open-inference/open-inference-protocol
 */
const base = paths.inference;

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

  // First: a model may be called stats.
  route(app, `${base}/models/stats`, { GET: (c) => c.json({ model_stats: operations.statistics() }) });

  for (const path of [`${base}/models/:name`, `${base}/models/:name/versions/:version`]) {
    route(app, path, { GET: (c) => c.json(operations.modelMetadata(referenceOf(c))) });
    route(app, `${path}/config`, { GET: (c) => c.json(operations.modelConfig(referenceOf(c))) });
    route(app, `${path}/stats`, { GET: (c) => c.json({ model_stats: operations.statistics(referenceOf(c)) }) });
    route(app, `${path}/ready`, {
      GET: async (c) => {
        const reference = referenceOf(c);
        const ready = await operations.modelReady(reference);
        return c.json({ name: reference.name, ready }, ready ? 200 : 503);
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

/** Reads `ready` from the body of an index request. An empty body means all models. */
function readOnlyReady(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  const json = parseJson(body);
  const ready = typeof json === 'object' && json !== null && 'ready' in json ? json.ready : false;
  if (typeof ready !== 'boolean')
    throw new ServiceError('invalid-input', `"ready" is ${formatValue(ready)}, expected true or false.`);
  return ready;
}
