/** Requests with values that are rare, for any model. */

interface Declared {
  readonly inputs?: readonly Input[];
}

interface Input {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

const MOST_ELEMENTS = 100_000;
const PATIENCE_MS = 10_000;

/** Sends requests to a model. Whatever comes back is fine, if anything does. */
export async function attackModel(url: string, name: string): Promise<void> {
  const path = `${url}/v2/models/${name}`;
  const signal = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);
  try {
    const { inputs = [] } = (await (await fetch(path, { signal: signal() })).json()) as Declared;
    if (inputs.length === 0) return;
    for (const rows of [1, 3])
      for (const index of [0, 1, 2]) {
        const body = `{"inputs":[${inputs.map((input) => tensor(input, rows, index)).join()}]}`;
        const headers = { 'Content-Type': 'application/json' };
        await (await fetch(`${path}/infer`, { method: 'POST', headers, body, signal: signal() })).arrayBuffer();
      }
  } catch {
    // The good client tells whether the service is well.
  }
}

/** Returns a tensor as JSON. */
function tensor({ name, datatype, shape }: Input, rows: number, index: number): string {
  const fixed = shape.map((length) => (length < 0 ? rows : length));
  const count = Math.min(
    fixed.reduce((product, length) => product * length, 1),
    MOST_ELEMENTS,
  );
  const value = values(datatype)[index] ?? '0';
  const data = new Array<string>(count).fill(value).join();
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${fixed.join()}],"data":[${data}]}`;
}

/**
 * Returns an ordinary value of a data type, the largest and the smallest, as JSON. The ordinary number is the one that
 * ends the process of onnx/fixtures/slow/crash.onnx.
 */
function values(datatype: string): readonly [string, string, string] {
  const [, unsigned, bits] = /^(U?)INT(\d+)$/.exec(datatype) ?? [];
  if (bits !== undefined) {
    const size = BigInt(bits);
    return unsigned === 'U'
      ? ['13', String(2n ** size - 1n), '0']
      : ['13', String(2n ** (size - 1n) - 1n), String(-(2n ** (size - 1n)))];
  }
  if (datatype === 'BOOL') return ['true', 'true', 'false'];
  if (datatype === 'BYTES') return ['"a"', `"${'x'.repeat(1000)}"`, '""'];
  return datatype === 'FP16' ? ['13', '65504', '-65504'] : ['13', '3.4e38', '-3.4e38'];
}
