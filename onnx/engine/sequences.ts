/**
 * Sequences of tensors, which the runtime's binding neither accepts nor returns. `onnx/rewrite/` gives the graph inputs
 * and outputs that hold the tensors of a sequence one after another, which only this file knows.
 */
import { sequenceShape } from './sequence-shape.ts';
import { arrayTypes } from './array-types.ts';
import { EngineError, type DType, type Tensor, type TensorData, type TensorInfo } from './engine.ts';

/** The names of the values that stand for a sequence. */
export interface SequenceNames {
  /** The elements of its tensors, one after another. */
  readonly elements: string;
  /** The dimensions of its tensors, one after another. */
  readonly dims: string;
  /** The number of dimensions of each. */
  readonly ranks: string;
}

/** Returns the names of the inputs that stand for a sequence. */
export const inputParts = (name: string): SequenceNames => partsOf(`rhizome/${name}`);
/** Whether these inputs hold the sequence; otherwise the input that stacks its tensors does. */
export const inputApart = (name: string): string => `rhizome/${name}/apart`;
/** Returns the names of the outputs that stand for a sequence. */
export const outputParts = (name: string): SequenceNames => partsOf(`rhizome/${name}/returned`);
/** The input that says whether these outputs are wanted; otherwise one output stacks the tensors, which is faster. */
export const OUTPUTS_APART = 'rhizome/apart';

/**
 * The most tensors of a sequence whose shapes differ: the runtime copies the list of them for each that is added. A
 * sequence of tensors of one shape may be longer.
 */
export const MOST_TENSORS = 1024;

const partsOf = (prefix: string): SequenceNames => ({
  elements: `${prefix}/elements`,
  dims: `${prefix}/dims`,
  ranks: `${prefix}/ranks`,
});

/** How the inputs and outputs of a graph stand for those of a model. */
export class Sequences {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Whether runs need a conversion at all. */
  readonly any: boolean;
  /** Whether outputs can be returned in two ways. */
  readonly hasApart: boolean;
  readonly #declared: ReadonlySet<string>;
  readonly #returned: ReadonlyMap<string, TensorInfo>;
  readonly #fed: readonly TensorInfo[];

  constructor(inputs: readonly TensorInfo[], outputs: readonly TensorInfo[]) {
    this.#declared = new Set(inputs.map(({ name }) => name));
    this.hasApart = this.#declared.has(OUTPUTS_APART);
    this.inputs = visible(inputs, inputParts).filter(({ name }) => name !== OUTPUTS_APART);
    this.outputs = visible(outputs, outputParts);
    this.#fed = this.inputs.filter(({ sequence }) => sequence);
    this.#returned = new Map(this.outputs.filter(({ sequence }) => sequence).map((info) => [info.name, info]));
    this.any = this.#fed.length + this.#returned.size > 0;
  }

  /** Completes the inputs of a run. A sequence without a tensor is empty. */
  feeds(feeds: Readonly<Record<string, Tensor>>, outputsApart: boolean): Record<string, Tensor> {
    const all: Record<string, Tensor> = { ...feeds };
    for (const info of this.#fed) Object.assign(all, this.#feed(info, feeds[info.name]));
    if (this.hasApart) all[OUTPUTS_APART] = flag(outputsApart);
    return all;
  }

  /** Returns what to fetch from the graph for some outputs. */
  fetches(names: readonly string[]): readonly string[] {
    return names.flatMap((name) => {
      const { elements, dims, ranks } = outputParts(name);
      return this.#returned.has(name) ? [name, elements, dims, ranks] : [name];
    });
  }

  /** Returns the outputs of a run. @throws {EngineError} if a sequence has too many tensors */
  results(outputs: Record<string, Tensor>, outputsApart: boolean): Record<string, Tensor> {
    for (const [name, info] of this.#returned) {
      const { elements, dims, ranks } = outputParts(name);
      const [all, sizes, counts] = [outputs[elements], outputs[dims], outputs[ranks]];
      for (const hidden of [elements, dims, ranks]) Reflect.deleteProperty(outputs, hidden);
      if (outputsApart && all !== undefined) outputs[name] = joined(info, all, integers(sizes), integers(counts));
    }
    return outputs;
  }

  #feed({ name, dtype = 'float32', shape }: TensorInfo, tensor?: Tensor): Record<string, Tensor> {
    const { elements, dims, ranks } = inputParts(name);
    const hasStack = this.#declared.has(name);
    const hasApart = this.#declared.has(inputApart(name));
    const sequence = tensor ?? { dtype, shape: [0], data: noElements(dtype) };
    const [count = 0, ...each] = sequence.shape;
    const apart = !hasApart || sequence.parts !== undefined || count === 0;
    const length = sequence.parts?.length ?? count;
    // A shape promises any number of tensors that have no elements.
    if (length > MOST_TENSORS && (apart || sequence.data.length === 0))
      throw new EngineError(
        'run-failed',
        `the sequence '${name}' has ${length} tensors, but at most ${MOST_TENSORS} are supported` +
          (hasApart ? ' if their shapes differ, or they have no elements' : ''),
      );
    const shapes = sequence.parts ?? Array.from({ length: apart ? count : 0 }, () => each);
    const none = noElements(dtype);
    // The graph reads only one of the two.
    const placeholder = { dtype, shape: shape.map((size) => (typeof size === 'number' ? size : 0)), data: none };
    return {
      ...(hasStack && { [name]: apart ? placeholder : sequence }),
      ...(hasApart && { [inputApart(name)]: flag(apart) }),
      [elements]: apart ? { ...sequence, shape: [sequence.data.length] } : { dtype, shape: [0], data: none },
      [dims]: list(shapes.flat()),
      [ranks]: list(shapes.map((sizes) => sizes.length)),
    };
  }
}

/** Hides the values that stand for sequences, and describes the sequences. */
function visible(infos: readonly TensorInfo[], names: (name: string) => SequenceNames): TensorInfo[] {
  const all = new Map(infos.map((info) => [info.name, info]));
  const suffix = names('').ranks.slice('rhizome/'.length);
  const sequences = infos.flatMap(({ name }) =>
    name.startsWith('rhizome/') && name.endsWith(suffix) ? [name.slice('rhizome/'.length, -suffix.length)] : [],
  );
  const hidden = new Map<string, string | undefined>();
  for (const name of sequences) {
    const { elements, dims, ranks } = names(name);
    // Its place is that of the input that stacks its tensors, if there is one.
    hidden.set(elements, all.has(name) ? undefined : name);
    for (const each of [dims, ranks, inputApart(name)]) hidden.set(each, undefined);
  }
  return infos.flatMap((info): TensorInfo[] => {
    if (!hidden.has(info.name)) return [sequences.includes(info.name) ? { ...info, sequence: true } : info];
    const name = hidden.get(info.name);
    return name === undefined ? [] : [{ name, dtype: info.dtype, shape: [], sequence: true }];
  });
}

/** Returns a sequence as one tensor: stacked if the shapes of its tensors are the same, otherwise with their shapes. */
function joined(
  { name, shape: declared }: TensorInfo,
  { dtype, data }: Tensor,
  dims: readonly number[],
  ranks: readonly number[],
): Tensor {
  if (ranks.length > MOST_TENSORS)
    throw new EngineError(
      'ragged-sequence',
      `the tensors of the sequence '${name}' differ in shape, and there are more than ${MOST_TENSORS}`,
    );
  let at = 0;
  const parts = ranks.map((rank) => dims.slice(at, (at += rank)));
  if (parts.length === 0) {
    const each = declared.slice(1).map((size) => (typeof size === 'number' ? size : 0));
    return { dtype, shape: [0, ...each], data };
  }
  return { dtype, ...sequenceShape(parts, data.length), data };
}

const noElements = (dtype: DType): TensorData => (dtype === 'string' ? [] : new arrayTypes[dtype](0));
const flag = (value: boolean): Tensor => ({ dtype: 'bool', shape: [], data: Uint8Array.of(Number(value)) });
const list = (values: readonly number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const integers = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data ?? [], Number);
