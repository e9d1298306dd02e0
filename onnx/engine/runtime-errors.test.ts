import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floatsOf, modelOf, nodeOf } from '../fixtures/hostile.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { EngineError, type EngineErrorCode } from './engine.ts';
import { onnxruntime, onnxruntimeOn } from './onnxruntime.ts';
import { processEngineOn } from './process/process-engine.ts';
import { loadError, runError } from './runtime-errors.ts';

const fixture = (path: string) => readFile(join(import.meta.dirname, `../fixtures/${path}.onnx`));

async function failure(attempt: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await attempt.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(EngineError);
  return error as EngineError;
}

test.each<[string, EngineErrorCode, string[]]>([
  ['own-operator', 'custom-operator', ['my.ops.Vote']],
  ['own-domain', 'custom-operator', ["the node 'vote' (my.ops.Vote)", 'the domain my.ops']],
  ['contrib', 'custom-operator', ['ai.onnx.contrib.BertTokenizer', 'onnxruntime-extensions']],
  ['unknown', 'unknown-operator', ["the node 'activation' (Relux)", 'opset 17', 'opsets up to 26']],
  ['older-opset', 'unknown-operator', ["the node 'activation' (Swish)", 'opset 17']],
  ['inside', 'unknown-operator', ["the node 'inner' (Swish)", 'opset 17']],
  ['opset', 'unsupported-opset', ['opset 99 of ai.onnx,', 'at most 26', 'target_opset']],
  ['opset-next', 'unsupported-opset', ['opset 27 of ai.onnx,', 'at most 26']],
  ['opset-ml', 'unsupported-opset', ['opset 9 of ai.onnx.ml,', 'at most 5']],
  ['ir-version', 'unsupported-ir-version', ['IR version is 99', 'at most 13', 'model.ir_version = 13']],
  ['type', 'invalid-graph', ["the node 'relu' (Relu)", "'x'", 'tensor(string)']],
  ['no-kernel', 'unsupported-type', ["the node 'relu' (Relu), version 14", 'float32 or float16']],
  ['old-opset', 'unsupported-opset', ["the node 'add' (Add) is version 6", 'opset older than 7', 'version_converter']],
  ['no-source', 'invalid-graph', ["'elsewhere'"]],
])('%s: the code is %s, and the reason names %p', async (name, code, named) => {
  const error = await failure(onnxruntime.load(await fixture(`refused/${name}`), { threads: 1 }));
  expect(error.code).toBe(code);
  for (const each of named) expect(error.reason).toContain(each);
  expect(error.message).toBe(error.reason);
});

test.each([
  ['here', onnxruntimeOn('cuda')],
  ['in a process of its own', processEngineOn('cuda')],
])('without CUDA libraries, a model for a GPU does not load %s, and the reason says what to do', async (_, engine) => {
  const error = await failure(engine.load(await fixture('double'), { threads: 1 }));
  expect(error.code).toBe('provider-unavailable');
  expect(error.message).toBe(
    'EXECUTION_PROVIDER is cuda, but the ONNX runtime cannot load its CUDA libraries: it is the build for the CPU, ' +
      'or CUDA 12 or cuDNN 9 is missing. Build the image for CUDA and run it where there is a GPU ' +
      '(docs/hardware.md), or set EXECUTION_PROVIDER to cpu.',
  );
});

test('a CUDA without a GPU is named with its error', () => {
  // What a machine with the libraries, but without a GPU, prints.
  const message =
    'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=iris-0 ; ' +
    'file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=285 ; ' +
    'expr=cudaSetDevice(info_.device_id);';
  const [error, noMemory] = [message, message.replace(/expr=.*/, 'expr=cudaMalloc')].map((text) => loadError(text));
  expect(error).toMatchObject({ code: 'provider-unavailable' });
  expect(error?.reason).toContain(
    'finds no GPU that it can use (error 100: no CUDA-capable device is detected). Build',
  );
  expect(noMemory).toMatchObject({ code: 'load-failed' });
});

test('what the runtime says is kept if it is not recognized, without the place in its source code', async () => {
  const error = await failure(onnxruntime.load(Buffer.from('no model'), { threads: 1 }));
  expect(error).toMatchObject({ code: 'load-failed', cause: expect.any(Error) });
  expect(error.message).toBe(`the ONNX runtime cannot load the model: ${error.reason}`);
  expect(error.reason).not.toBe('');
  expect((error.cause as Error).message).toContain(error.reason);
  expect(error.reason).not.toMatch(/\.cc:|\.h:/);
});

test('a name of a megabyte in a message is cut, before patterns that would take minutes', async () => {
  const name = 'x'.repeat(2 ** 20);
  const model = modelOf([
    nodeOf('Relu', ['x'], ['y']),
    floatsOf(GRAPH.input, 'x', [1]),
    floatsOf(GRAPH.output, name, [1]),
  ]);
  const error = await failure(onnxruntime.load(model, { threads: 1 }));
  expect(error.code).toBe('load-failed');
  expect(error.reason.length).toBeLessThan(5000);
});

test('the highest opset named in messages loads', async () => {
  await (await onnxruntime.load(await fixture('refused/opset-known'), { threads: 1 })).release();
});

const floats = (...shape: readonly number[]) =>
  ({ dtype: 'float32', shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) }) as const;
test.each([
  [
    'shapes/same-lengths',
    { a: floats(1, 2), b: floats(1, 3) },
    "the node 'add' (Add) failed: Attempting to broadcast an axis by a dimension other than 1. 2 by 3",
  ],
  [
    'shapes/same-memory',
    { a: floats(2), b: floats(3) },
    'dimensions to which the model gives the same name have different sizes, which its run does not allow: ' +
      'the shapes are [2] and [3]',
  ],
])(
  '%s: the reason names the node, and neither the source of the runtime nor its status',
  async (name, feeds, reason) => {
    const session = await onnxruntime.load(await fixture(name), { threads: 1 });
    const error = await failure(session.run(feeds, ['sum']));
    expect([error.code, error.reason]).toEqual(['run-failed', reason]);
    await session.release();
  },
);

test.each([
  [
    loadError,
    "Type 'tensor(float)' of input parameter (rhizome/s) of operator (SplitToSequence) in node (rhizome/s/input) is " +
      'invalid.',
    /^the node 's' \(SplitToSequence\) receives 's', a tensor\(float\)/,
  ],
  [
    runError,
    "Non-zero status code returned while running SequenceAt node. Name:'rhizome/s_1' Status Message: " +
      '/onnxruntime_src/onnxruntime/core/providers/cpu/sequence/sequence_ops.cc:90 virtual Status ' +
      'onnxruntime::SequenceAt::Compute(OpKernelContext *) const Invalid sequence index (1)',
    /^the model cannot be run: the conversion of 's_1' to or from a tensor failed: Invalid sequence index \(1\)$/,
  ],
])('names that a rewrite has added are not in a message', (explain, message, expected) => {
  expect(explain(new Error(message)).message).toMatch(expected);
});
