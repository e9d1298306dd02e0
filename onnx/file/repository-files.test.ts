import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryFiles } from './repository-files.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'repository-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const paths = (of = folder): string[] => repositoryFiles(of).map(({ path }) => path);

test('a models folder, without what only its owner needs', () => {
  expect(repositoryFiles(join(root, 'models'))).toEqual(
    ['model.json', 'model.onnx'].map((name) => ({ path: `iris/${name}`, file: join(root, 'models/iris', name) })),
  );
});

test('the folder of one model has the name of the model', () => {
  expect(paths(join(root, 'models/iris'))).toEqual(['iris/model.json', 'iris/model.onnx']);
});

test('versions, and weights in other files', () => {
  cpSync(join(root, 'models/iris'), join(folder, 'iris/2'), { recursive: true });
  cpSync(join(root, 'onnx/fixtures/external'), join(folder, 'parts'), { recursive: true });
  mkdirSync(join(folder, '.hidden'));
  writeFileSync(join(folder, '.hidden/model.onnx'), '');
  const parts = ['parts/model.onnx', 'parts/model.onnx.data', 'parts/more/bias.bin'];
  expect(paths()).toEqual(['iris/2/model.json', 'iris/2/model.onnx', ...parts]);
  expect(paths(join(folder, 'iris'))).toEqual(['iris/2/model.json', 'iris/2/model.onnx']);
});

test('tokenizers', () => {
  cpSync(join(root, 'onnx/decode/text/fixtures/sentences'), join(folder, 'sentences'), { recursive: true });
  writeFileSync(join(folder, 'sentences/tokenizer_config.json'), '{}');
  writeFileSync(join(folder, 'sentences/vocab.txt'), '');
  expect(paths()).toEqual(['sentences/model.json', 'sentences/model.onnx', 'sentences/tokenizer.json']);
});

test('weights outside of the folder are left out', () => {
  cpSync(join(root, 'onnx/fixtures/external'), join(folder, 'parts'), { recursive: true });
  rmSync(join(folder, 'parts/model.onnx.data'));
  symlinkSync('/etc/passwd', join(folder, 'parts/model.onnx.data'));
  expect(paths()).toEqual(['parts/model.onnx', 'parts/more/bias.bin']);
});

test('a folder without models, or that does not exist', () => {
  writeFileSync(join(folder, 'readme'), '');
  expect(paths()).toEqual([]);
  expect(paths(join(folder, 'missing'))).toEqual([]);
});
