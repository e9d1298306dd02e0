import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { FSWatcher, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../failure.ts';
import { watchFiles } from './watch-files.ts';

let root: string;
let stop: AbortController;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rhizome-watch-'));
  await mkdir(join(root, 'models'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(root, { recursive: true });
});

/** In place of `watch`: an operating system whose limit is reached. */
const refusing =
  (code: string): typeof watch =>
  () => {
    throw Object.assign(new Error(`${code}: no watchers left, watch 'models'`), { code });
  };
const unexpected = (value: unknown): never => {
  throw new Error(`Not expected: ${String(value)}`);
};

test('reports a saved file, and nothing for one that no replica reads', async () => {
  const changes = new EventEmitter();
  const changed = once(changes, 'change', { signal: AbortSignal.timeout(10_000) });
  watchFiles(root, {
    signal: stop.signal,
    onChange: (paths) => changes.emit('change', paths),
    onError: unexpected,
  });
  await writeFile(join(root, 'models/a.test.ts'), '');
  await writeFile(join(root, 'models/model.json'), '{}');
  expect(await changed).toEqual([[join('models', 'model.json')]]);
});

test('reports files of the project, which an editor may replace, and folders; but no neighbors of theirs', async () => {
  await mkdir(join(root, 'docker'));
  await mkdir(join(root, 'data'));
  const wanted = ['cdk8s.yaml', join('data', 'a.csv'), join('docker', 'Dockerfile')];
  const changed = new Set<string>();
  const all = new Promise<void>((resolve, reject) => {
    setTimeout(reject, 10_000, new Error('Not all changes were reported in 10 s.')).unref();
    watchFiles(root, {
      watched: { folders: ['data', 'none'], files: ['cdk8s.yaml', 'docker/Dockerfile', 'none/file'] },
      signal: stop.signal,
      onChange(paths) {
        for (const path of paths) changed.add(path);
        if (wanted.every((path) => changed.has(path))) resolve();
      },
      onError: unexpected,
    });
  });
  // Those that nobody watches come first.
  for (const file of ['other.yaml', 'models/a', 'docker/Dockerfile.tmp', 'data/a.csv', 'cdk8s.yaml'])
    await writeFile(join(root, file), '');
  await rename(join(root, 'docker/Dockerfile.tmp'), join(root, 'docker/Dockerfile'));
  await all;
  expect([...changed].toSorted()).toEqual(wanted);
});

test.each([
  ['ENOSPC', 'fs.inotify.max_user_watches'],
  ['EMFILE', 'fs.inotify.max_user_instances'],
])('%s at the start is a failure whose hint names the limit', (code, limit) => {
  const start = (): void => {
    watchFiles(root, { signal: stop.signal, onChange: unexpected, onError: unexpected }, refusing(code));
  };
  expect(start).toThrow(
    expect.objectContaining({
      name: 'Failure',
      message: expect.stringMatching(new RegExp(`models/.*${code}`)),
      hint: expect.stringContaining(limit),
    }),
  );
});

test('an error of a running watch is reported, and does not end the process', () => {
  const watcher = new EventEmitter();
  const failures: Failure[] = [];
  watchFiles(
    root,
    {
      watched: { folders: ['models'], files: [] },
      signal: stop.signal,
      onChange: unexpected,
      onError: (failure) => failures.push(failure),
    },
    () => watcher as FSWatcher,
  );
  // Without a listener, emitting an error throws it.
  watcher.emit('error', Object.assign(new Error('ENOSPC: no watchers left'), { code: 'ENOSPC' }));
  expect(failures).toEqual([
    expect.objectContaining({
      message: expect.stringContaining('ENOSPC'),
      hint: expect.stringContaining('max_user_watches'),
    }),
  ]);
});
