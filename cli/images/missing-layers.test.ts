import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeMissing } from './missing-layers.ts';
import { bytesBlob, jsonBlob, mediaTypes, textFile, writeLayout } from './oci-layout.ts';
import { archive, listFiles, readContent, type ArchiveFile } from './tar.ts';

const reference = 'docker.io/library/iris-server:v1';
const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const system = Buffer.alloc(1_500_001, 's');
const libraries = Buffer.alloc(1_000_000, 'l');
const model = Buffer.alloc(1_200_000, 'm');
const layers = [system, libraries, model];
const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map(sha256) } };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-missing-'));
});
afterEach(() => rm(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);

/** Writes an archive as Docker did until version 24. */
async function dockerArchive(): Promise<string> {
  const paths = layers.map((_, index) => `${String(index).repeat(64)}/layer.tar`);
  const files: ArchiveFile[] = layers.map((content, index) => ({ path: paths[index]!, size: content.length, content }));
  await pipeline(
    archive([
      ...files,
      textFile('config.json', config),
      textFile('manifest.json', [{ Config: 'config.json', RepoTags: ['iris-server:v1'], Layers: paths }]),
    ]),
    createWriteStream(at('image.tar')),
  );
  return at('image.tar');
}

/** Writes an archive as Docker does since version 25. */
async function layoutArchive(): Promise<string> {
  const blobs = layers.map((layer) => bytesBlob(mediaTypes.layer, layer));
  const manifest = jsonBlob(mediaTypes.manifest, { schemaVersion: 2, layers: blobs.map(({ digest }) => digest) });
  await writeLayout([...blobs, manifest], manifest, reference, at('image.tar'), [textFile('manifest.json', [])]);
  return at('image.tar');
}

/** Returns the content of each file in an archive. */
async function read(file: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const each of await listFiles(file)) files.set(each.path, await readContent(each));
  return files;
}

const blob = (bytes: Buffer): string => `blobs/${sha256(bytes).replace(':', '/')}`;

test('an archive of an older Docker or of podman becomes one of OCI, without the layers that are there', async () => {
  const present = new Set([system, libraries].map(sha256));
  expect(await writeMissing(await dockerArchive(), reference, present, at('missing.tar'))).toBe(2_500_001);
  const files = await read(at('missing.tar'));
  const json = (path: string): Record<string, unknown> =>
    JSON.parse(files.get(path)?.toString() ?? '') as Record<string, unknown>;
  const { manifests } = json('index.json') as { manifests: { digest: string; annotations: object }[] };
  expect(manifests[0]?.annotations).toEqual({ 'io.containerd.image.name': reference });
  const manifest = `blobs/${manifests[0]?.digest.replace(':', '/') ?? ''}`;
  // The configuration, whose digest is the image's id, has the same bytes as before.
  const configBytes = Buffer.from(JSON.stringify(config));
  expect(json(manifest)).toMatchObject({
    config: { digest: sha256(configBytes), size: configBytes.length },
    layers: layers.map((layer) => ({ digest: sha256(layer), size: layer.length, mediaType: mediaTypes.layer })),
  });
  expect([...files.keys()].toSorted()).toEqual(
    [blob(model), blob(configBytes), manifest, 'index.json', 'oci-layout'].toSorted(),
  );
  expect(files.get(blob(model))).toEqual(model);
});

test('an archive of Docker 25 or newer: only the layers that are there are left out', async () => {
  const archived = await layoutArchive();
  const present = new Set([system, model].map(sha256));
  expect(await writeMissing(archived, reference, present, at('missing.tar'))).toBe(2_700_001);
  const all = await read(archived);
  expect(all.size).toBe(7);
  expect(await read(at('missing.tar'))).toEqual(
    new Map([...all].filter(([path]) => path !== blob(system) && path !== blob(model))),
  );
});

test.each([
  ['nothing of it is there', dockerArchive, new Set([sha256(Buffer.from('other'))])],
  ['nothing of it is there, in the newer format', layoutArchive, new Set<string>()],
  [
    'it is no archive',
    async () => {
      await writeFile(at('image.tar'), 'saved');
      return at('image.tar');
    },
    new Set(layers.map(sha256)),
  ],
  [
    'it is compressed',
    async () => {
      await pipeline(createReadStream(await dockerArchive()), createGzip(), createWriteStream(at('image.tar.gz')));
      return at('image.tar.gz');
    },
    new Set(layers.map(sha256)),
  ],
  [
    'it ends early',
    async () => {
      const bytes = await readFile(await dockerArchive());
      await writeFile(at('image.tar'), bytes.subarray(0, 2_000_000));
      return at('image.tar');
    },
    new Set(layers.map(sha256)),
  ],
  [
    'it has several images',
    async () => {
      await pipeline(archive([textFile('manifest.json', [{}, {}])]), createWriteStream(at('image.tar')));
      return at('image.tar');
    },
    new Set(layers.map(sha256)),
  ],
])('the whole archive is to be loaded if %s', async (_, write, present) => {
  expect(await writeMissing(await write(), reference, present, at('missing.tar'))).toBeUndefined();
  expect(existsSync(at('missing.tar'))).toBe(false);
});
