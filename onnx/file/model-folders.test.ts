import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { modelFolders } from './model-folders.ts';

test('models are in folders named after them, or in numbered folders for their versions', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rhizome-folders-'));
  for (const path of [
    'wine/2/model.onnx',
    'wine/11/model.onnx',
    'wine/draft/model.onnx',
    'wine/3/notes.txt',
    'iris/model.onnx',
    '..data/iris/model.onnx',
    '.git/model.onnx',
    'README.md',
  ]) {
    await mkdir(join(dir, dirname(path)), { recursive: true });
    await writeFile(join(dir, path), '');
  }
  expect(await modelFolders(dir)).toEqual([
    { name: 'iris', folder: 'iris' },
    { name: 'wine', version: '2', folder: 'wine/2' },
    { name: 'wine', version: '11', folder: 'wine/11' },
  ]);
  await rm(dir, { recursive: true });
});
