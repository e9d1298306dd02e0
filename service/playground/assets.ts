/** The files of the page, read when they are first requested. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface Asset {
  readonly type: string;
  /** Of the content, which changes with each version of the page. */
  readonly etag: string;
  readonly body: Buffer<ArrayBuffer>;
  readonly compressed: Buffer<ArrayBuffer>;
}

const folder = join(import.meta.dirname, 'page');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

const assets = new Map<string, Promise<Asset | undefined>>();

/**
 * Returns a file of the page; undefined if there is none of that name.
 *
 * @param name such as `main.js` or `form/form.js`
 */
export function asset(name: string): Promise<Asset | undefined> {
  // Clients must reach no other file, and cannot fill the memory with names.
  if (!/^(?:[a-z-]+\/)?[a-z-]+\.(?:html|css|js)$/.test(name)) return Promise.resolve(undefined);
  const known = assets.get(name);
  if (known !== undefined) return known;
  const reading = read(name);
  assets.set(name, reading);
  const forget = (found?: Asset): void => {
    if (found === undefined) assets.delete(name);
  };
  reading.then(forget, () => {
    forget();
  });
  return reading;
}

async function read(name: string): Promise<Asset | undefined> {
  const body = await content(name);
  if (body === undefined) return undefined;
  return {
    type: types[extname(name)] ?? '',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    body,
    compressed: await promisify(gzip)(body),
  };
}

/** The image has the scripts, bundled. The repository has only the TypeScript that they are made from. */
async function content(name: string): Promise<Buffer<ArrayBuffer> | undefined> {
  const body = await readIfPresent(name);
  if (body !== undefined || extname(name) !== '.js') return body;
  const source = await readIfPresent(name.replace(/\.js$/, '.ts'));
  if (source === undefined) return undefined;
  return Buffer.from(withoutTypes(source.toString()).replaceAll(/(from '\.[^']+)\.ts'/g, "$1.js'"));
}

function withoutTypes(source: string): string {
  // Node warns that the function is experimental, on standard error, which is for failures.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only put back
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function readIfPresent(name: string): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return await readFile(join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
