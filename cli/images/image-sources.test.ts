import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageSources } from './image-sources.ts';

const usual = {
  folders: ['models', 'service', 'onnx', 'infra'],
  files: ['cdk8s.yaml', 'package.json', 'package-lock.json'],
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rhizome-sources-'));
});
afterEach(() => rm(root, { recursive: true }));

test("the image of this project is made of what its Dockerfile copies, and of the builder's files", () => {
  expect(imageSources(join(import.meta.dirname, '../..'))).toEqual({
    watched: {
      folders: usual.folders,
      files: [...usual.files, 'Dockerfile', '.dockerignore', '.containerignore', '.npmrc'],
    },
    from: ['Dockerfile', 'package.json'],
    notWatched: [],
  });
});

test('reads every form of COPY and ADD, of the Dockerfile that package.json names', async () => {
  await writeFile(join(root, 'package.json'), '{"rhizome": {"dockerfile": "docker/Own"}}');
  for (const folder of ['docker', 'vendor', 'lookup/tables']) await mkdir(join(root, folder), { recursive: true });
  await writeFile(
    join(root, 'docker/Own'),
    [
      'FROM node AS one',
      'COPY --chown=1:1 models ./models/extra/ ./models',
      'COPY \\',
      '  # a comment',
      '  ./settings.json \\',
      '  vendor ./',
      'add ["lookup/tables/*.csv", "a b.txt", "/data/"]',
      'COPY --from=one /etc/passwd /etc/',
      'COPY <<EOF /etc/motd',
      'ADD https://example.com/file ../outside $FILE /',
      'COPY . .',
    ].join('\n'),
  );
  expect(imageSources(root)).toEqual({
    watched: {
      folders: [...usual.folders, 'vendor', 'lookup/tables'],
      files: [
        ...usual.files,
        ...['docker/Own', 'docker/Own.dockerignore', 'docker/Own.containerignore', 'settings.json', 'a b.txt'],
      ],
    },
    from: ['docker/Own', 'package.json'],
    notWatched: ['https://example.com/file', '../outside', '$FILE', '.'],
  });
});
