import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tensorsOnly } from '../rewrite/tensors-only.ts';
import { EngineError } from './engine.ts';
import { onnxruntime } from './onnxruntime.ts';

const fixture = (path: string) => readFile(join(import.meta.dirname, `../fixtures/${path}.onnx`));

test.each([
  [
    'own-operator',
    "the runtime has no operator Vote of my.ops: operators of one's own cannot be loaded; export the model with ONNX's alone",
  ],
  ['own-domain', "the node 'vote' (my.ops.Vote) is of my.ops, whose version the model does not name"],
  ['contrib', 'the runtime has no operator BertTokenizer of ai.onnx.contrib: onnxruntime-extensions has'],
  [
    'unknown',
    "ONNX has no operator Relux in opset 17, for the node 'activation' (Relux). The runtime knows opsets up to 26",
  ],
  ['older-opset', "ONNX has no operator Swish in opset 17, for the node 'activation' (Swish)"],
  ['inside', "ONNX has no operator Swish in opset 17, for the node 'inner' (Swish)"],
  ['opset', 'it uses opset 99 of ai.onnx, and the runtime has 26 at most: export it for that one'],
  ['opset-next', 'it uses opset 27 of ai.onnx, and the runtime has 26 at most'],
  ['opset-ml', 'it uses opset 9 of ai.onnx.ml, and the runtime has 5 at most'],
  ['ir-version', 'its IR version is 99, and the runtime knows 13 at most'],
  ['type', "the node 'relu' (Relu) is given 'x', a tensor(string), which this operator does not take"],
  [
    'no-kernel',
    "the runtime cannot compute the node 'relu' (Relu), version 14, on a CPU for the types that it is given here",
  ],
  ['no-source', "a node takes 'elsewhere', which nothing in the graph gives"],
])('%s: says which operator or version, and what to do', async (name, message) => {
  const load = onnxruntime.load(await fixture(`refused/${name}`), { threads: 1 });
  await expect(load).rejects.toThrow(EngineError);
  await expect(load).rejects.toThrow(message);
});

test('the highest opset that is said to be known is', async () => {
  await (await onnxruntime.load(await fixture('refused/opset-known'), { threads: 1 })).release();
});

const x = { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 7) } as const;
test.each([
  [
    'run-ragged',
    { times: { dtype: 'int64', shape: [], data: BigInt64Array.of(2n) } },
    "the tensors of the sequence 's' differ in shape, so that they cannot be one tensor (Non concat axis dimensions must match",
  ],
  [
    'run-ragged',
    { times: { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) } },
    "the sequence 's' is empty for this input",
  ],
  [
    'run-absent',
    { c: { dtype: 'bool', shape: [], data: Uint8Array.of(0) } },
    "the output 'o' is absent for this input",
  ],
] as const)(
  '%s: a run that has no tensor to give says why, and the next one is answered',
  async (name, more, message) => {
    const session = await onnxruntime.load(tensorsOnly(await fixture(`graphs/${name}`)).model, { threads: 1 });
    const output = session.outputs[0]!.name;
    const run = session.run({ x, ...more }, [output]);
    await expect(run).rejects.toThrow(EngineError);
    await expect(run).rejects.toThrow(message);
    const good = {
      ...more,
      ...('c' in more
        ? { c: { ...more.c, data: Uint8Array.of(1) } }
        : { times: { ...more.times, data: BigInt64Array.of(1n) } }),
    };
    expect(await session.run({ x, ...good }, [output])).toHaveProperty(output);
    await session.release();
  },
);
