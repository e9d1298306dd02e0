import type { Tensor } from '../../onnx/engine/engine.ts';

/** A tensor of a request or a response of the Open Inference Protocol. */
export interface NamedTensor extends Tensor {
  readonly name: string;
  /** For a tensor of a sequence: the name of the model's output. @default name */
  readonly output?: string;
}
