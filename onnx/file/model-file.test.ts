import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { entry, place, reading } from '../fixtures/hostile.ts';
import { ExternalDataError } from '../graph/external-data.ts';
import { MODEL } from '../graph/field-numbers.ts';
import { fields } from '../graph/protobuf.ts';
import { ModelFileError, readModelFile } from './model-file.ts';
import { UnreadableFileError } from '../regular-file.ts';

const iris = await readFile(join(import.meta.dirname, '../../models/iris/model.onnx'));
/** Returns the fields of the file up to one, in the order in which exporters write them. */
const upTo = (last: number) =>
  Buffer.concat(
    [...fields(iris)].filter(({ number }) => number <= last && number !== MODEL.opsetImport).map(({ raw }) => raw),
  );

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-model-'));
});
afterEach(() => rm(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

describe('the error for a file that is not a complete model says what it is:', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['an empty file', '', /^the file is empty\. Copy the model again\.$/],
    [
      'half a copy',
      iris.subarray(0, 400),
      new RegExp(
        String.raw`^the file ends at byte 400 in the middle of the graph, which continues to byte \d+\. ` +
          String.raw`The copy was interrupted: copy the file again\.$`,
      ),
    ],
    [
      'a copy without its last byte',
      iris.subarray(0, -1),
      new RegExp(
        String.raw`^the file ends at byte \d+ in the middle of its opsetImport, which continues to byte \d+\. ` +
          String.raw`The copy was interrupted: copy the file again\.$`,
      ),
    ],
    [
      'a copy that ends with the graph',
      upTo(MODEL.graph),
      /^the file ends at byte \d+, before the versions of its operators\. The copy was interrupted/,
    ],
    [
      'a copy that ends before the graph',
      upTo(MODEL.docString),
      /^the file ends at byte \d+, before its graph\. The copy was interrupted/,
    ],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\n' +
        'oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
      /^it is a Git LFS pointer, not the model: run git lfs pull$/,
    ],
    [
      'a web page',
      '\n<!DOCTYPE html>\n<html><head><title>Sign in</title>',
      /^it is a web page, not a model: .*Download the file itself$/,
    ],
    [
      'an error from a storage service',
      '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
      /^it is an XML document, not a model: storage services/,
    ],
    ['JSON', '{"error": "not found"}', /^it is JSON, not a model/],
    ['a pickle', Uint8Array.of(0x80, 4, 0x95, 0x9c, 2, 0, 0, 0, 0, 0, 0, 0x8c), /^it is a Python pickle, .*skl2onnx/],
    [
      'a file that joblib compressed',
      Uint8Array.of(0x78, 0x9c, 0xcd, 0x58),
      /^it is compressed with zlib, which joblib\.dump does/,
    ],
    [
      'a TorchScript archive',
      Buffer.from('504b0304000008080000000000000000', 'hex'),
      /^it is a ZIP archive, which PyTorch .*torch\.onnx\.export/,
    ],
    ['a compressed model', gzipSync(iris), /^it is compressed with gzip: decompress it/],
    ['a Keras model', Buffer.from('894844460d0a1a0a', 'hex'), /^it is an HDF5 file/],
    ['a TensorFlow Lite model', Buffer.from('1c00000054464c3314002000', 'hex'), /^it is a TensorFlow Lite model/],
    ['text', 'to be or not to be', /^it is not an ONNX model/],
    ['random bytes', Uint8Array.of(0xff, 0x13, 0x77, 0, 1, 2), /^it is not an ONNX model/],
  ])('%s', async (_, bytes, message) => {
    await writeFile(file('model.onnx'), bytes);
    const error: unknown = await readModelFile(file('model.onnx')).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ModelFileError);
    expect((error as Error).message).toMatch(message);
  });

  test('a model too large for any runtime', async () => {
    await writeFile(file('model.onnx'), iris);
    await truncate(file('model.onnx'), 2 ** 31);
    await expect(readModelFile(file('model.onnx'))).rejects.toThrow(
      'the file has 2147483648 bytes, but no runtime reads more than 2 GB. Save the model with its weights in a file',
    );
  });
});

test.each<[string, () => unknown]>([
  ['a FIFO', () => execFileSync('mkfifo', [file('model.onnx')])],
  ['a folder', () => mkdir(file('model.onnx'))],
  ['a device', () => symlink('/dev/zero', file('model.onnx'))],
])('%s is not read, since that may never end', async (kind, create) => {
  await create();
  const error: unknown = await readModelFile(file('model.onnx')).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UnreadableFileError);
  expect((error as Error).message).toBe(`it is ${kind}, expected a regular file`);
});

test('a file that does not fit into memory is not read', async () => {
  await writeFile(file('model.onnx'), iris);
  await expect(readModelFile(file('model.onnx'), { mostBytes: 100 })).rejects.toThrow(
    `the file has ${iris.length} bytes, but at most 100 fit into memory: raise the memory limit`,
  );
});

describe('weights in files next to the model', () => {
  beforeEach(() => cp(join(import.meta.dirname, '../fixtures/external'), folder, { recursive: true }));

  // fixtures/make_external.py computed these with the same model, with its weights inside.
  test.each([
    [true, [127, 244]],
    [false, [28, 46]],
  ])('are read wherever they belong: in the graph, a constant, a branch (%s)', async (condition, expected) => {
    const { model, externalData } = await readModelFile(file('model.onnx'));
    const session = await onnxruntime.load(model, { threads: 1, externalData });
    for (const { data } of externalData) data.fill(0);
    const feeds = {
      x: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) },
      c: { dtype: 'bool', shape: [], data: Uint8Array.of(Number(condition)) },
    } as const;
    const outputs = await session.run(feeds, ['z']);
    expect([...outputs['z']!.data]).toEqual(expected);
    await session.release();
  });

  // As long as model.onnx.data, so that no length in the model changes.
  const nameWeights = async (location: string) =>
    writeFile(
      file('model.onnx'),
      Buffer.from(
        (await readFile(file('model.onnx'))).toString('latin1').replaceAll('model.onnx.data', location),
        'latin1',
      ),
    );

  test.each(['./weights1.data', 'more/./we//data'])(
    'are found however the model writes the path of their file: %s',
    async (location) => {
      await nameWeights(location);
      await mkdir(dirname(file(location)), { recursive: true });
      await rename(file('model.onnx.data'), file(location));
      const { model, externalData } = await readModelFile(file('model.onnx'));
      await (await onnxruntime.load(model, { threads: 1, externalData })).release();
    },
  );

  test.each<[string, () => Promise<void>, RegExp]>([
    [
      'missing',
      () => rm(file('model.onnx.data')),
      /^3 of its weights are in .*model\.onnx\.data, which is missing: copy the file there \(at least 40 bytes\)$/,
    ],
    [
      'a single one missing',
      () => rm(file('more/bias.bin')),
      /^the weight 'bias' is in .*more\/bias\.bin, which is missing: copy the file there \(at least 8 bytes\)$/,
    ],
    [
      'cut short',
      () => truncate(file('model.onnx.data'), 30),
      /model\.onnx\.data has 30 bytes, but the weight 'weight' is in bytes 16 to 40\. Either the copy was interrupted/,
    ],
    [
      'a Git LFS pointer',
      () => writeFile(file('model.onnx.data'), 'version https://git-lfs'),
      /model\.onnx\.data is a Git LFS pointer, not the weights: run git lfs pull$/,
    ],
  ])('%s: the error names the file, and the bytes that it should have', async (_, damage, message) => {
    await damage();
    const error: unknown = await readModelFile(file('model.onnx')).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ExternalDataError);
    expect((error as Error).message).toMatch(message);
  });

  test('are found through links in the folder, as in a volume of Kubernetes', async () => {
    await mkdir(file('..2026'));
    for (const name of ['model.onnx', 'model.onnx.data', 'more']) await rename(file(name), file(`..2026/${name}`));
    await symlink('..2026', file('..data'));
    for (const name of ['model.onnx', 'model.onnx.data', 'more']) await symlink(`..data/${name}`, file(name));
    await expect(readModelFile(file('model.onnx'))).resolves.toBeDefined();
  });

  test('are found next to the file that the model is a link to, as in the cache of a hub', async () => {
    await mkdir(file('blobs'));
    for (const name of ['model.onnx', 'model.onnx.data']) await rename(file(name), file(`blobs/${name}`));
    await mkdir(file('snapshot'));
    for (const name of ['model.onnx', 'model.onnx.data']) await symlink(`../blobs/${name}`, file(`snapshot/${name}`));
    await rename(file('more'), file('snapshot/more'));
    await expect(readModelFile(file('snapshot/model.onnx'))).resolves.toBeDefined();
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a link out of the folder',
      async () => symlink('/etc/passwd', file('model.onnx.data')),
      /^the weights in 'model\.onnx\.data' are a link to \/etc\/passwd, which is not in the model's folder/,
    ],
    [
      'a FIFO',
      () => Promise.resolve(execFileSync('mkfifo', [file('model.onnx.data')])),
      /model\.onnx\.data, which cannot be read: it is a FIFO, expected a regular file$/,
    ],
  ])('are not read from %s', async (_, create, message) => {
    await rm(file('model.onnx.data'));
    await create();
    const error: unknown = await readModelFile(file('model.onnx')).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ExternalDataError);
    expect((error as Error).message).toMatch(message);
  });

  test('are not read if they do not fit into memory', async () => {
    const { length } = await readFile(file('model.onnx'));
    await truncate(file('model.onnx.data'), 3 * 2 ** 30);
    await expect(readModelFile(file('model.onnx'), { mostBytes: length + 2 ** 20 })).rejects.toThrow(
      'which has 3221225472 bytes, but with the model at most 1048576 more fit into memory',
    );
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ['two locations', [entry('location', 'a'), entry('location', 'b'), place(1)], 'says twice where it is'],
    ['an offset in hexadecimal', [entry('location', 'a'), entry('offset', '0x10'), place(1)], 'which is not possible'],
    ['a location that is not UTF-8', [entry('location', '\ufffd'), place(1)], "not in the model's folder"],
  ])('%s are refused, since the runtime may read another', async (_, location, message) => {
    await writeFile(file('model.onnx'), reading(location));
    await expect(readModelFile(file('model.onnx'))).rejects.toThrow(message);
  });

  test.each(['../weights.data', '/etc/passwd.dat', 'a/../../we.data', '..\\weights.data', 'c:\\weights.dat_'])(
    '%s is outside the folder, and not read',
    async (location) => {
      await nameWeights(location);
      await expect(readModelFile(file('model.onnx'))).rejects.toThrow(
        `'${location}', which is not in the model's folder`,
      );
    },
  );
});
