import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { infer } from '../inference/infer.ts';
import type { ModelRepository } from '../inference/repository.ts';
import { shown } from '../inference/format-value.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { parseJson } from '../protocol/json.ts';
import { modelMetadata, repositoryIndex, serverMetadata } from '../protocol/oip/metadata.ts';
import { decodeInferRequest } from '../protocol/oip/request.ts';
import { encodeInferResponse } from '../protocol/oip/response.ts';
import { readiness } from '../lifecycle/readiness.ts';
import { timed } from '../operations/timeout.ts';
import { mediaType, readBody } from './request-body.ts';
import { route } from './route.ts';

/** The Open Inference Protocol, version 2: https://github.com/open-inference/open-inference-protocol */
const base = paths.inference;

/** Says how many bytes of a body are JSON, where tensors in binary follow it. */
const JSON_LENGTH = 'Inference-Header-Content-Length';

export const inferenceProbes = [`${base}/health/live`, `${base}/health/ready`] as const;

/** Clients disagree on these bodies: some read `live` or `ready`, others the status alone. */
export function inferenceHealth(app: Hono, repository: ModelRepository, lifecycle: Lifecycle): void {
  const [live, ready] = inferenceProbes;
  route(app, live, { GET: (c) => c.json({ live: true }) });
  route(app, ready, {
    GET: async (c) => {
      const state = await readiness(repository, lifecycle);
      return c.json({ ready: state.ready, live: true }, state.ready ? 200 : 503);
    },
  });
}

export function inference(
  app: Hono,
  repository: ModelRepository,
  metrics: Metrics,
  { requestTimeoutSeconds }: { readonly requestTimeoutSeconds: number },
): void {
  for (const path of [base, `${base}/`]) route(app, path, { GET: (c) => c.json(serverMetadata()) });

  for (const path of [`${base}/models/:name`, `${base}/models/:name/versions/:version`]) {
    route(app, path, {
      GET: (c) => {
        const { signature } = requested(c, repository);
        return c.json(
          modelMetadata(
            signature,
            repository.versions(signature.name).map(({ version }) => version),
          ),
        );
      },
    });
    route(app, `${path}/ready`, {
      GET: async (c) => {
        const [name, version] = place(c);
        const ready = await repository.ready(name, version);
        return c.json({ name, ready }, ready ? 200 : 503);
      },
    });
    route(app, `${path}/infer`, {
      POST: async (c) => {
        const model = requested(c, repository);
        const { signature } = model;
        c.set('model', signature.name);
        const request = decodeInferRequest(await readInference(c), c.req.header(JSON_LENGTH));
        const outputs = await timed(metrics, requestTimeoutSeconds, signature.name, () =>
          infer(model, request.inputs, request.outputs),
        );
        const { body, jsonLength } = encodeInferResponse(signature, request, outputs);
        if (jsonLength !== undefined) c.header(JSON_LENGTH, String(jsonLength));
        return c.body(new Uint8Array(body), 200, {
          'Content-Type': jsonLength === undefined ? 'application/json' : 'application/octet-stream',
        });
      },
    });
  }

  route(app, `${base}/repository/index`, {
    POST: async (c) => c.json(repositoryIndex(repository, onlyReady(await readBody(c)))),
  });
}

function place(c: Context): [name: string, version: string | undefined] {
  return [c.req.param('name') ?? '', c.req.param('version')];
}

function requested(c: Context, repository: ModelRepository): ReturnType<ModelRepository['get']> {
  return repository.get(...place(c));
}

/** Clients declare JSON, bytes or nothing at all. */
async function readInference(c: Context): Promise<Uint8Array> {
  const type = mediaType(c);
  if (type !== '' && type !== 'application/json' && type !== 'application/octet-stream' && !type.endsWith('+json')) {
    throw new ServiceError(
      'unsupported-media-type',
      `The body's type is ${shown(type)}, expected application/json, or application/octet-stream where tensors follow in binary.`,
    );
  }
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  if (encoding !== 'identity')
    throw new ServiceError(
      'unsupported-media-type',
      `The body's encoding is ${shown(encoding)}: send it as it is, without Content-Encoding.`,
    );
  return readBody(c);
}

/** An index of everything is asked for with an empty body, too. */
function onlyReady(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  const json = parseJson(body);
  const ready = typeof json === 'object' && json !== null && 'ready' in json ? json.ready : false;
  if (typeof ready !== 'boolean')
    throw new ServiceError('invalid-input', `"ready" is ${shown(ready)}, expected true or false.`);
  return ready;
}
