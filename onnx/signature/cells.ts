import { sequenceShape } from '../engine/sequence-shape.ts';
import { describeEncoded } from './decode.ts';
import type { ImageDecode } from './image.ts';
import { describeAccepted, toElement, type Scalar } from './dtypes.ts';
import type { Feature } from './features.ts';
import { formatTensorType, formatType } from './tensor-spec.ts';

/** The value of a feature that is a tensor, for one row; flat, in row-major order. */
export interface CellTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<Scalar>;
  /** For a sequence of tensors whose shapes differ: their shapes, as in `Tensor`. */
  readonly parts?: readonly (readonly number[])[];
}

/** The value of a feature for one row; null if the row leaves an optional input out. */
export type Cell = Scalar | CellTensor | null;

/** The values of one row, in the order of the signature's features. Each value fits its feature's dtype and shape. */
export type Row = readonly Cell[];

/**
 * The value of one feature in a request. If it is decoded, it is what `Decoders` make a cell of: of an image, the bytes
 * of the file, or these in base64.
 */
export type SentCell = Cell | Uint8Array;

/** The values of one row in a request. */
export type SentRow = readonly SentCell[];

/** Why a JSON value does not fit a feature, and the place in its nested arrays. */
export interface CellProblem {
  readonly path: readonly number[];
  readonly value: unknown;
  readonly expected: string;
  /** Whether an array has a wrong length. `value` then describes the array. */
  readonly isLength: boolean;
}

/** A cell, or the problem that prevents reading it. */
export type CellReading =
  | { readonly cell: NonNullable<SentCell>; readonly problem?: undefined }
  | { readonly cell?: undefined; readonly problem: CellProblem };

/** Reads a feature's value from JSON: an element, or nested arrays of elements, as deep as the feature's shape. */
export function readCell(feature: Feature, json: unknown): CellReading {
  if (feature.decode?.image !== undefined) return readEncoded(feature.decode.image, json);
  if (feature.sequence) return readSequence(feature, json);
  if (feature.shape.length > 0) return readTensor(feature, json);
  const cell = elementOf(feature, json);
  return cell === undefined
    ? { problem: { path: [], value: json, expected: describeAccepted(feature.dtype), isLength: false } }
    : { cell };
}

/** Reads what is decoded later. */
function readEncoded(image: ImageDecode, json: unknown): CellReading {
  if (typeof json === 'string' || json instanceof Uint8Array) return { cell: json };
  return { problem: { path: [], value: json, expected: describeEncoded(image), isLength: false } };
}

/** Returns an element of a feature; undefined if the value does not fit. */
function elementOf({ dtype, nullable }: Feature, json: unknown): Scalar | undefined {
  return json === null && nullable === true ? NaN : toElement(dtype, json);
}

/** Reads the tensors of a sequence, each with a shape of its own. */
function readSequence(feature: Feature, json: unknown): CellReading {
  const { shape } = feature;
  if (!Array.isArray(json)) {
    const expected = `an array of tensors, since the value is ${formatType(feature)}`;
    return { problem: { path: [], value: json, expected, isLength: false } };
  }
  const data: Scalar[] = [];
  const parts: (readonly number[])[] = [];
  for (const [index, value] of json.entries()) {
    const { cell, problem } = readTensor(
      { ...feature, shape: shape.length === 0 ? depthOf(value) : shape.slice(1) },
      value,
    );
    if (problem !== undefined) return { problem: { ...problem, path: [index, ...problem.path] } };
    const tensor = cell as CellTensor;
    for (let at = 0; at < tensor.data.length; at++) data.push(tensor.data[at] as Scalar);
    parts.push(tensor.shape);
  }
  return { cell: { ...sequenceShape(parts, data.length), data } };
}

/** Returns as many dimensions as a value has levels of arrays. */
function depthOf(value: unknown): string[] {
  const depth: string[] = [];
  for (let level = value; Array.isArray(level); level = (level as unknown[])[0]) depth.push('');
  return depth;
}

function readTensor(feature: Feature, json: unknown): CellReading {
  const { dtype, shape } = feature;
  // The first element at each level determines the dimensions; all others must match it.
  const dims: number[] = [];
  for (let level: unknown = json, axis = 0; axis < shape.length; axis++) {
    const declared = shape[axis];
    dims.push(typeof declared === 'number' ? declared : Array.isArray(level) ? level.length : 0);
    level = Array.isArray(level) ? (level as unknown[])[0] : undefined;
  }
  const data: Scalar[] = [];
  const path: number[] = [];
  const walk = (value: unknown, axis: number): CellProblem | undefined => {
    if (axis === shape.length) {
      const one = elementOf(feature, value);
      if (one === undefined) return { path: [...path], value, expected: describeAccepted(dtype), isLength: false };
      data.push(one);
      return undefined;
    }
    const declared = shape[axis];
    const length = typeof declared === 'number' ? declared : (dims[axis] ?? 0);
    const isEmpty = Array.isArray(value) && value.length === 0 && declared !== 0;
    if (!Array.isArray(value) || value.length !== length || isEmpty) {
      const what = Array.isArray(value) ? `an array of ${value.length}` : value;
      // A tensor without elements can end the runtime: some operators divide by a dimension.
      const expected = isEmpty && length === 0 ? 'at least 1' : length;
      return {
        path: [...path],
        value: what,
        expected: `an array of ${expected}, since the value is ${formatTensorType(dtype, shape)}`,
        isLength: Array.isArray(value),
      };
    }
    for (let index = 0; index < length; index++) {
      path.push(index);
      const problem = walk((value as unknown[])[index], axis + 1);
      if (problem) return problem;
      path.pop();
    }
    return undefined;
  };
  const problem = walk(json, 0);
  return problem ? { problem } : { cell: { shape: dims, data } };
}
