import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** What a file of an archive contains: bytes, or those of another file, from an offset. */
export type Content = Buffer | { readonly file: string; readonly start?: number };

/** A file for an archive: its path there, and its content. */
export interface ArchiveFile {
  readonly path: string;
  readonly size: number;
  readonly content: Content;
}

/** Thrown for an archive in a format that is not known. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat';
}

const blockSize = 512;
/** The longest name in a header. */
const longestName = 100;

/**
 * Yields an archive that is the same for the same files, whoever creates it, when and where: without owners and times,
 * readable by everyone. It is not compressed, because the compression differs between machines.
 */
export async function* archive(files: readonly ArchiveFile[]): AsyncGenerator<Buffer> {
  for (const { path, size, content } of files) {
    if (Buffer.byteLength(path) > longestName) {
      const attribute = paxAttribute('path', path);
      yield header('PaxHeader', attribute.length, 'x');
      yield padded(attribute);
    }
    yield header(path, size, '0');
    yield* bytesOf(content, size);
    yield padding(size);
  }
  yield Buffer.alloc(2 * blockSize);
}

/** Reads a file of an archive. */
export async function readContent({ content, size }: Pick<ArchiveFile, 'content' | 'size'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytesOf(content, size)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* bytesOf(content: Content, size: number): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(content)) yield content;
  else if (size > 0) {
    const { file, start = 0 } = content;
    for await (const chunk of createReadStream(file, { start, end: start + size - 1 })) yield chunk as Buffer;
  }
}

/**
 * Lists the regular files of an archive, without reading them. Links and folders are left out.
 * @throws {UnknownFormat} if it is damaged or not a tar archive, or a name or size is not in a file's header
 */
export async function listFiles(file: string): Promise<readonly ArchiveFile[]> {
  const archive = await open(file);
  try {
    const files: ArchiveFile[] = [];
    for (let offset = 0; ;) {
      const bytes = Buffer.alloc(blockSize);
      const { bytesRead } = await archive.read(bytes, 0, blockSize, offset);
      const magic = bytes.toString('latin1', 257, 262);
      if (bytesRead === blockSize && bytes.every((byte) => byte === 0)) return files;
      const size = /^([0-7]+)[\0 ]/.exec(bytes.toString('latin1', 124, 136))?.[1];
      if (bytesRead < blockSize || magic !== 'ustar' || size === undefined)
        throw new UnknownFormat(`${file} has no header of a tar archive at byte ${String(offset)}.`);
      const type = String.fromCharCode(bytes[156] ?? 0);
      const start = offset + blockSize;
      const path = bytes.toString('utf8', 0, longestName).replace(/\0.*$/s, '');
      const entry: ArchiveFile = { path, size: Number.parseInt(size, 8), content: { file, start } };
      if (type === '0') files.push(entry);
      // A long name, in the formats of GNU and pax. Docker's attributes are times.
      if (type === 'L' || (type === 'x' && /(?:^|\n)\d+ (?:path|size)=/.test((await readContent(entry)).toString())))
        throw new UnknownFormat(`${file} has a name or a size of its own kind at byte ${String(offset)}.`);
      offset = start + Math.ceil(entry.size / blockSize) * blockSize;
    }
  } finally {
    await archive.close();
  }
}

const padding = (size: number): Buffer => Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, padding(bytes.length)]);

/** Returns `LENGTH KEY=VALUE`, where the length counts itself. */
function paxAttribute(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length += 1;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function header(path: string, size: number, type: string): Buffer {
  const bytes = Buffer.alloc(blockSize);
  bytes.write(path, 0, longestName);
  bytes.write('0000644\0', 100);
  for (const owner of [108, 116]) bytes.write('0000000\0', owner);
  bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  bytes.write('00000000000\0', 136);
  bytes.write('        ', 148);
  bytes.write(type, 156);
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}
