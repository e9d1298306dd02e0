/** The files that an image build can see: .dockerignore and .containerignore (which Podman prefers) must agree. */
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { cpSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { scaffoldFiles } from '../../cli/scaffold/files.ts';
import { docker, root, temporaryFolder, testWithDocker } from './docker.ts';

async function write(folder: string, path: string, content = ''): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

/** Returns the files of a folder that a Docker build can see with `ignoreFile` as its .dockerignore, sorted. */
async function buildContext(folder: string, ignoreFile: string): Promise<readonly string[]> {
  await copyFile(join(folder, ignoreFile), join(folder, '.dockerignore'));
  using output = temporaryFolder();
  await docker(['build', '--quiet', '--output', `type=local,dest=${output.path}`, '--file', '-', folder], {
    input: 'FROM scratch\nCOPY . /\n',
  });
  const entries = await readdir(output.path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(output.path.length + 1))
    .sort();
}

const served = [
  'churn/2/model.json',
  'churn/2/model.onnx',
  'churn/2/model.onnx.data',
  'churn/10/model.onnx',
  'wine/model.json',
  'wine/model.onnx',
  'wine/model.onnx_data',
];
const notServed = ['.env', 'churn/2/holdout.csv', 'churn/old/model.onnx', 'wine/train.py', 'wine/fixtures/a.onnx'];

/** Adds models in every layout that the service supports, and other files next to them. */
async function addModels(folder: string): Promise<void> {
  for (const file of [...served, ...notServed]) await write(folder, `models/${file}`);
}

/** Expects both ignore files to leave the same files, and of the added models only those files that are served. */
async function expectSameBuildContext(folder: string): Promise<readonly string[]> {
  await copyFile(join(folder, '.dockerignore'), join(folder, 'docker-list'));
  const files = await buildContext(folder, 'docker-list');
  expect(await buildContext(folder, '.containerignore')).toEqual(files);
  expect(files.filter((file) => file.startsWith('models/') && !file.startsWith('models/iris/'))).toEqual(
    served.map((file) => `models/${file}`).sort(),
  );
  return files;
}

testWithDocker(
  "this repository's build sees the service's sources and models of every layout, but no tests or fixtures",
  async () => {
    using folder = temporaryFolder();
    const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
    for (const file of stdout.split('\n').filter((name) => existsSync(join(root, name))))
      cpSync(join(root, file), join(folder.path, file), { recursive: true });
    await addModels(folder.path);
    const files = await expectSameBuildContext(folder.path);
    expect(files).toEqual(
      expect.arrayContaining([
        'models/iris/model.json',
        'models/iris/model.onnx',
        'onnx/signature/model.schema.json',
        'package-lock.json',
        'service/grpc/proto/inference.proto',
        'service/main.ts',
        'service/playground/page/index.html',
        'service/playground/page/style.css',
      ]),
    );
    expect(files.filter((file) => /\.test\.|\.case\.|fixture|^(cli|infra|e2e|client|docs)\//.test(file))).toEqual([]);
  },
);

testWithDocker("a user project's build sees only its models and the files that npm needs", async () => {
  using folder = temporaryFolder();
  for (const { path, content } of scaffoldFiles({ name: 'wine', vendored: true }))
    await write(folder.path, path, content);
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'secret.txt', 'vendor/rhizome-kit-0.1.0.tgz'])
    await write(folder.path, file);
  await addModels(folder.path);
  expect((await expectSameBuildContext(folder.path)).filter((file) => !file.startsWith('models/'))).toEqual([
    '.npmrc',
    'package-lock.json',
    'package.json',
    'vendor/rhizome-kit-0.1.0.tgz',
  ]);
});
