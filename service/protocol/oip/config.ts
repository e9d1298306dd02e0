import type { DType } from '../../../onnx/engine/engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../../onnx/signature/tensor-spec.ts';
import type { ModelConfig } from '../../contract/index.ts';
import type { ServingPlan } from '../../inference/queue/serving-plan.ts';
import { datatypeOf } from './datatypes.ts';
import { declaredShape, PLATFORM } from './metadata.ts';

/**
 * Returns a model's configuration as Triton would describe it:
 * https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto
 *
 * To Triton, a `max_batch_size` above 0 means that the first dimension of each tensor counts rows, that `dims` leave it
 * out, and that rows of several requests may share a run.
 */
export function modelConfig(
  { name, inputs, outputs, batching }: Signature,
  { stackRows, maxBatch, maxDelayMs }: Pick<ServingPlan, 'stackRows' | 'maxBatch' | 'maxDelayMs'>,
): ModelConfig {
  const batches = stackRows && batching === 'batched';
  const tensor = (spec: TensorSpec) => ({
    name: spec.name,
    data_type: dataTypeOf(spec.dtype),
    dims: declaredShape(spec).slice(batches ? 1 : 0),
  });
  return {
    name,
    platform: PLATFORM,
    backend: 'onnxruntime',
    version_policy: { all: {} },
    max_batch_size: batches ? maxBatch : 0,
    input: inputs.map((spec) => ({ ...tensor(spec), format: 'FORMAT_NONE', optional: spec.optional ?? false })),
    output: outputs.map(tensor),
    ...(batches && {
      dynamic_batching: {
        preferred_batch_size: [maxBatch],
        max_queue_delay_microseconds: Math.round(maxDelayMs * 1000),
      },
    }),
    instance_group: [{ name: `${name}_0`, kind: 'KIND_CPU', count: 1 }],
  };
}

function dataTypeOf(dtype: DType): ModelConfig['input'][number]['data_type'] {
  const datatype = datatypeOf(dtype);
  return `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
}
