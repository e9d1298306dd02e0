import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');
const source = readFileSync(join(root, 'docs/architecture.dot'), 'utf8');

test('the picture is drawn from its source', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-architecture-'));
  const check = () =>
    execa(process.execPath, [join(folder, '.ci/draw-architecture'), '--check'], { reject: false, timeout: 60_000 });
  try {
    await mkdir(join(folder, 'docs'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const file of ['package.json', '.ci', 'docs/architecture.dot', 'docs/architecture.svg'])
      await cp(join(root, file), join(folder, file), { recursive: true });
    expect(await check()).toMatchObject({ exitCode: 0, stderr: '' });
    await writeFile(join(folder, 'docs/architecture.dot'), source.replace('your application', 'an application'));
    expect(await check()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('npm run docs:architecture') });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each(['docs/architecture.dot', 'docs/architecture.md', 'docs/decisions.md'])(
  'the folders and files that %s names exist',
  (page) => {
    const places = readFileSync(join(root, page), 'utf8').match(/\b(onnx|service|infra|cli|client)\/[\w./-]*/g) ?? [];
    expect(places.length).toBeGreaterThan(3);
    expect(places.map((place) => place.replace(/\.$/, '')).filter((place) => !existsSync(join(root, place)))).toEqual(
      [],
    );
  },
);
