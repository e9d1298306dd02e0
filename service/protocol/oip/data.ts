import {
  elementRules,
  hasDims,
  storeElement,
  storeNested,
  type ElementRules,
} from '../../../onnx/batch/store-values.ts';
import { allocate, dtypes, toElement, describeAccepted, pack, type Scalar } from '../../../onnx/signature/dtypes.ts';
import type { DType, TensorData } from '../../../onnx/engine/engine.ts';
import { formatCount, formatValue } from '../../inference/format-value.ts';
import { invalidTensor, type TensorShape } from '../../inference/tensor-shape.ts';

/**
 * Reads elements from the JSON of `data`, flat or nested like the shape.
 *
 * @throws {ServiceError} `invalid-input`, naming the element
 */
export function readData(name: string, dtype: DType, { shape, count }: TensorShape, data: unknown): TensorData {
  if (!Array.isArray(data)) throw invalidTensor(name, `"data" is ${formatValue(data)}, expected an array`);
  const plain = readPlain(rules[dtype], shape, count, data);
  if (plain !== undefined) return plain;
  const values: Scalar[] = [];
  const take = (value: unknown, path: readonly number[]): void => {
    const scalar = toElement(dtype, value);
    if (scalar === undefined)
      throw invalidTensor(name, `${formatPath(path)} is ${formatValue(value)}, expected ${describeAccepted(dtype)}`);
    values.push(scalar);
  };
  if (data.some(Array.isArray)) {
    takeNested(name, shape, data, [], take);
  } else {
    if (data.length !== count)
      throw invalidTensor(
        name,
        `it has ${formatCount(data.length, 'element')}, but the shape [${shape.join(', ')}] has ${count}`,
      );
    data.forEach((value: unknown, index) => {
      take(value, [index]);
    });
  }
  return pack(dtype, values);
}

/** Reads data without mistakes in a single pass. Returns undefined if there are any. */
function readPlain(
  rules: ElementRules,
  shape: readonly number[],
  count: number,
  values: readonly unknown[],
): TensorData | undefined {
  if (Array.isArray(values[0])) {
    if (shape.length === 0 || !hasDims(shape, 0, values)) return undefined;
    const data = allocate(rules.dtype, count);
    return storeNested(rules, shape, 0, data, 0, values) < 0 ? undefined : data;
  }
  if (values.length !== count) return undefined;
  const data = allocate(rules.dtype, count);
  for (let index = 0; index < count; index++) if (!storeElement(rules, data, index, values[index])) return undefined;
  return data;
}

const rules = Object.fromEntries(dtypes.map((dtype) => [dtype, elementRules(dtype)])) as Record<DType, ElementRules>;

/** `data[0][3]`. */
const formatPath = (path: readonly number[]): string => `data${path.map((index) => `[${index}]`).join('')}`;

function takeNested(
  name: string,
  shape: readonly number[],
  value: unknown,
  path: readonly number[],
  take: (value: unknown, path: readonly number[]) => void,
): void {
  const length = shape[path.length];
  if (length === undefined) {
    take(value, path);
    return;
  }
  if (!Array.isArray(value) || value.length !== length) {
    throw invalidTensor(
      name,
      `${formatPath(path)} is ${Array.isArray(value) ? `an array of ${value.length}` : formatValue(value)}, ` +
        `expected an array of ${length} because of the shape [${shape.join(', ')}]`,
    );
  }
  value.forEach((item: unknown, index) => {
    takeNested(name, shape, item, [...path, index], take);
  });
}
