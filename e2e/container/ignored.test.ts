/** What gets into an image's build: by .dockerignore, and by .containerignore, which podman reads before it. */
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

/** The files of a folder that a build sees, sorted, read by Docker with one of the lists. */
async function sent(folder: string, list: string): Promise<readonly string[]> {
  await copyFile(join(folder, list), join(folder, '.dockerignore'));
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
const other = ['.env', 'churn/2/holdout.csv', 'churn/old/model.onnx', 'wine/train.py', 'wine/fixtures/a.onnx'];

/** Models of every layout that is served, and what lies beside them. */
async function addModels(folder: string): Promise<void> {
  for (const file of [...served, ...other]) await write(folder, `models/${file}`);
}

/** Holds both lists to each other. @returns what they let in */
async function agreed(folder: string): Promise<readonly string[]> {
  await copyFile(join(folder, '.dockerignore'), join(folder, 'docker-list'));
  const byDocker = await sent(folder, 'docker-list');
  expect(await sent(folder, '.containerignore')).toEqual(byDocker);
  expect(byDocker.filter((file) => file.startsWith('models/') && !file.startsWith('models/iris/'))).toEqual(
    served.map((file) => `models/${file}`).sort(),
  );
  return byDocker;
}

testWithDocker(
  'of this repository: what the service is made of, models of every layout, no test and no fixture',
  async () => {
    using folder = temporaryFolder();
    const { stdout } = await execa('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
    for (const file of stdout.split('\n').filter((name) => existsSync(join(root, name))))
      cpSync(join(root, file), join(folder.path, file), { recursive: true });
    await addModels(folder.path);
    const files = await agreed(folder.path);
    expect(files).toEqual(
      expect.arrayContaining([
        'models/iris/model.json',
        'models/iris/model.onnx',
        'onnx/signature/model.schema.json',
        'package-lock.json',
        'service/grpc/proto/inference.proto',
        'service/main.ts',
      ]),
    );
    expect(files.filter((file) => /\.test\.|\.case\.|fixture|^(cli|infra|e2e|client|docs)\//.test(file))).toEqual([]);
  },
);

testWithDocker('of a project: its models and what npm installs, and nothing else', async () => {
  using folder = temporaryFolder();
  for (const { path, content } of scaffoldFiles({ name: 'wine', vendored: true }))
    await write(folder.path, path, content);
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'secret.txt', 'vendor/rhizome-kit-0.1.0.tgz'])
    await write(folder.path, file);
  await addModels(folder.path);
  expect((await agreed(folder.path)).filter((file) => !file.startsWith('models/'))).toEqual([
    '.npmrc',
    'package-lock.json',
    'package.json',
    'vendor/rhizome-kit-0.1.0.tgz',
  ]);
});
