import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';

const root = join(import.meta.dirname, '../..');
const files = execaSync('git', ['ls-files'], { cwd: root }).stdout.split('\n');

test('CONTRIBUTING.md draws the folders that exist', () => {
  const [, tree = ''] = /^```\n(onnx\/ [^]*?)^```$/m.exec(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')) ?? [];
  const drawn: string[] = [];
  const path: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent = '', name] = /^( *)([\w.-]+)\/ /.exec(line) ?? [];
    if (name === undefined) continue;
    path.splice(indent.length / 2, Infinity, name);
    drawn.push(path.join('/'));
  }
  const folders = new Set(
    files.flatMap((file) => {
      const [top = '', ...rest] = file.split('/').slice(0, -1);
      return rest.length === 0 ? [top] : [top, `${top}/${rest[0]!}`];
    }),
  );
  expect(drawn.filter((folder) => !files.some((file) => file.startsWith(`${folder}/`)))).toEqual([]);
  // Each folder of the code, and each one below it; of the others, their own folder.
  const code = ['onnx', 'service', 'infra', 'cli'];
  const wanted = [...folders].filter(
    (folder) =>
      !/(^|\/)fixtures$|^$|^\.github/.test(folder) && (!folder.includes('/') || code.includes(folder.split('/')[0]!)),
  );
  expect(wanted.length).toBeGreaterThan(40);
  expect(wanted.filter((folder) => !drawn.includes(folder))).toEqual([]);
});

test('no line has more than 120 characters', () => {
  // Written by programs, or copied from elsewhere.
  const others = new RegExp(
    String.raw`(package-lock|^docs/dashboard|expected|tokenizer)\.json$|^charts-out/|^bench/results/|\.k8s\.yaml$` +
      // Its examples may be images, in base64.
      String.raw`|^examples/[^/]+/models/[^/]+/model\.json$`,
  );
  const written = /\.(ts|m?js|json|ya?ml|md|py|sh)$|(^|\/)Dockerfile$|^\.ci\//;
  const texts = files.filter((file) => written.test(file) && !others.test(file));
  expect(texts.length).toBeGreaterThan(300);
  for (const file of ['Dockerfile', 'cli/templates/Dockerfile', '.ci/run', 'models/iris/train.py'])
    expect(texts).toContain(file);
  const long = texts.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (Array.from(line).length > 120 ? [`${file}:${index + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
