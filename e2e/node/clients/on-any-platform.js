/**
 * What a program does with the client, as plain JavaScript: it runs in Node, Deno, Bun and a browser.
 * @param {typeof import('../../../client/index.ts')} library
 * @param {string} url
 */
export async function callService({ createClient, ServiceProblem }, url) {
  const client = createClient({ url, retries: 0 });
  const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
  const { prediction } = await client.predict('iris', flower);
  const rows = await client.predict('iris', [flower, { ...flower, petal_length: 5.1, petal_width: 2.1 }]);
  const inputs = [
    ...['FP16', 'FP32', 'FP64'].map((datatype) => ({ name: `float${datatype.slice(2)}`, datatype, data: [0.5, -2] })),
    ...['INT8', 'INT16', 'INT32', 'INT64'].map((datatype) => ({
      name: datatype.toLowerCase(),
      datatype,
      data: [1, -2],
    })),
    ...['UINT8', 'UINT16', 'UINT32', 'UINT64'].map((datatype) => ({
      name: datatype.toLowerCase(),
      datatype,
      data: [1, 2],
    })),
    { name: 'bool', data: [true, false] },
    { name: 'string', data: ['a', 'größer'] },
  ].map((input) => ({ ...input, shape: [2] }));
  const { outputs } = await client.infer(
    'echo',
    { inputs, outputs: ['float16_out', 'int64_out', 'string_out'] },
    { binary: true },
  );
  const [half, integers, strings] = outputs.map(({ data }) => [...data]);
  const problem = await client.predict('iris', { ...flower, petal_width: 'wide' }).catch((error) => error);
  const aborted = await client.live({ signal: AbortSignal.abort('enough') }).catch((reason) => reason);
  return {
    prediction,
    rows: rows.map((row) => row.prediction),
    // In engines without Float16Array it is the bits.
    half: half.map((value) => ({ 14336: 0.5, 49152: -2 })[value] ?? value),
    integers: integers.map(String),
    strings,
    problem: problem instanceof ServiceProblem ? [problem.status, problem.errors[0].pointer] : String(problem),
    aborted,
    live: (await client.live()).status,
  };
}
