import { unpack } from '../../onnx/signature/dtypes.ts';
import type { NamedTensor } from '../inference/named-tensor.ts';
import { stringifyJson } from '../protocol/json.ts';
import { datatypeOf } from '../protocol/oip/datatypes.ts';

/**
 * Returns tensors as JSON, as in the Open Inference Protocol. Those that are kept out, and those that are too large
 * together with the ones before them, have no `data`.
 *
 * @param mostBytes of the data of all tensors
 */
export function tensorsText(
  tensors: readonly NamedTensor[],
  mostBytes: number,
  isKeptOut: (name: string) => boolean,
): string {
  let left = mostBytes;
  const texts = tensors.map((tensor) => {
    const { name, output = name, dtype, shape } = tensor;
    const head = `{"name":${JSON.stringify(name)},"datatype":"${datatypeOf(dtype)}","shape":[${shape.join()}]`;
    const data = isKeptOut(name) || isKeptOut(output) ? undefined : dataText(tensor, left);
    left -= data?.length ?? 0;
    return data === undefined ? `${head}}` : `${head},"data":${data}}`;
  });
  return `[${texts.join()}]`;
}

/** Returns undefined if the elements are too large. Looks at no more of them than it takes to know. */
function dataText(tensor: NamedTensor, mostBytes: number): string | undefined {
  const { dtype, data } = tensor;
  // An element has at least one digit, and a comma.
  if (2 * data.length > mostBytes) return undefined;
  if (dtype === 'string') {
    let characters = 0;
    for (const text of data as readonly string[]) characters += text.length;
    if (characters > mostBytes) return undefined;
  }
  const text = stringifyJson(unpack(tensor));
  return text.length > mostBytes ? undefined : text;
}
