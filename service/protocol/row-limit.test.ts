import { decodePredictions } from '../../onnx/batch/decode-predictions.ts';
import { pack } from '../../onnx/signature/dtypes.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { everySignature } from './fixtures/signatures.ts';
import { writePredictions } from './predictions/response.ts';
import { countRows, predictionsLimit } from './row-limit.ts';

test.each<[unknown, number]>([
  [{ a: 1 }, 1],
  [[], 0],
  [[1, 2, 3], 3],
  [{ columns: { a: [1, 2], b: [1, 2, 3, 4] } }, 4],
  [{ columns: { a: 5 } }, 1],
  [{ columns: [1, 2, 3] }, 1],
  [null, 1],
  ['text', 1],
])('%j has its rows counted', (body, rows) => {
  expect(countRows(body)).toBe(rows);
});

const rowLimit = { rows: 50_000, reason: 'it is a test' };
const limitOf = (signature: Signature, maxResponseBytes: number) =>
  predictionsLimit(signature, { rowLimit, maxResponseBytes });

/** Returns the length of the response for one row, all of whose numbers have ten characters. */
function lengthOf(signature: Signature): number {
  const outputs = signature.outputs.map(({ name, dtype, shape }) => {
    const sizes = shape.slice(1).map((size) => (typeof size === 'number' ? size : 1));
    const count = sizes.reduce((product, size) => product * size, 1);
    const value = dtype === 'string' ? '1234567890' : dtype.endsWith('int64') ? 1234567890n : 0.12345678;
    return [name, { dtype, shape: [1, ...sizes], data: pack(dtype, new Array(count).fill(value)) }] as const;
  });
  const predictions = decodePredictions(signature, Object.fromEntries(outputs), 1);
  return writePredictions(signature, predictions, { single: false, warnings: new Map() }).length;
}

const signatures = await everySignature();
test.each(signatures.filter(([, { batching }]) => batching === 'batched'))('the rows of %s fit', (_, signature) => {
  const characters = lengthOf(signature);
  const { rows, reason } = limitOf(signature, 1000 * characters);
  expect(rows).toBeGreaterThan(300);
  expect(rows).toBeLessThan(3000);
  expect(reason).toBe(`the response would be larger than ${1000 * characters} bytes (MAX_RESPONSE_BYTES)`);
  expect(limitOf(signature, 10).rows).toBe(1);
  expect(limitOf(signature, 2 ** 40)).toBe(rowLimit);
});
