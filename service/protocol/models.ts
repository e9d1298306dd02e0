import type { Signature } from '../../onnx/signature/signature.ts';
import type {
  FeatureDescription,
  ModelDescription,
  ModelList,
  ModelListEntry,
  ServingDescription,
} from '../contract/index.ts';
import type { LoadedEntry, ModelEntry } from '../inference/repository/entry.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { ServingPlan } from '../inference/queue/serving-plan.ts';
import { rowSchema } from './json-schemas.ts';
import { predictionsLimit } from './row-limit.ts';

type Verified = Pick<ModelDescription, 'verified' | 'not_verified'>;

/** Returns the body of `GET /models`. */
export function describeModels(repository: ModelRepository): ModelList {
  const { defaultName } = repository;
  return {
    ...(defaultName !== undefined && { default: defaultName }),
    models: repository.entries.map((entry) => describeEntry(entry, repository.versions(entry.name).at(-1) === entry)),
  };
}

function describeEntry(entry: ModelEntry, isDefault: boolean): ModelListEntry {
  const { name, version } = entry;
  const common = { name, version, default: isDefault };
  if (entry.state === 'loading') return { ...common, state: entry.state };
  if (entry.state === 'failed') return { ...common, state: entry.state, reason: entry.reason };
  return {
    ...common,
    state: entry.state,
    task: entry.model.signature.output.task,
    ...describeVerification(entry),
    load_seconds: entry.loadSeconds,
  };
}

/** Returns the body of `GET /models/{name}`: the signature, with the author's descriptions. */
export function describeModel(entry: LoadedEntry, strictRanges: boolean, maxBodyBytes: number): ModelDescription {
  const { model, executor } = entry;
  const { signature, example } = model;
  const { name, version, description, inputs, outputs, features, output, metrics, examples } = signature;
  return {
    name,
    version,
    ...(description !== undefined && { description }),
    task: output.task,
    ...describeVerification(entry),
    features: features.map(({ input, column, distribution, ...feature }): FeatureDescription => feature),
    ...(output.task === 'classifier' && { classes: output.classes }),
    inputs,
    outputs,
    input_schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: name,
      ...rowSchema(model, strictRanges, true),
    },
    ...(example && { example }),
    metrics,
    examples,
    serving: describeServing(signature, executor.plan, maxBodyBytes),
  };
}

function describeVerification({ verifier: { notVerified } }: LoadedEntry): Verified {
  return notVerified === undefined ? { verified: true } : { verified: false, not_verified: notVerified };
}

function describeServing(signature: Signature, plan: ServingPlan, maxBodyBytes: number): ServingDescription {
  const { placement, maxBatch, unstackable, maxDelayMs, queue, costs } = plan;
  return {
    placement,
    max_batch: maxBatch,
    ...(unstackable !== undefined && { not_batched: unstackable }),
    max_delay_ms: maxDelayMs,
    max_rows: predictionsLimit(signature, plan).rows,
    max_body_bytes: maxBodyBytes,
    max_queue_rows: queue.rows,
    max_queue_bytes: queue.bytes,
    runs: costs.map(({ rows, milliseconds }) => ({ rows, milliseconds: Number(milliseconds.toPrecision(3)) })),
  };
}
