import type { DType } from '../../../onnx/engine/engine.ts';
import type { Datatype } from '../../contract/index.ts';

/** The protocol's names for the element types. */
const datatypes = {
  float32: 'FP32',
  float64: 'FP64',
  float16: 'FP16',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  bool: 'BOOL',
  string: 'BYTES',
} as const satisfies Readonly<Record<DType, Datatype>>;

const dtypes: ReadonlyMap<string, DType> = new Map(
  Object.entries(datatypes).map(([dtype, datatype]) => [datatype, dtype as DType]),
);

export const datatypeOf = (dtype: DType): Datatype => datatypes[dtype];

/** Returns undefined for an unknown datatype, or one that Rhizome does not support, such as BF16. */
export const dtypeOf = (datatype: string): DType | undefined => dtypes.get(datatype);

export const allDatatypes: readonly string[] = Object.values(datatypes);
