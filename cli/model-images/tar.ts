import { createReadStream } from 'node:fs';

/** A file for an archive: its path there, and its content or where that is. */
export interface ArchiveFile {
  readonly path: string;
  readonly size: number;
  readonly content: Buffer | { readonly file: string };
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
    if (Buffer.isBuffer(content)) yield content;
    else for await (const chunk of createReadStream(content.file)) yield chunk as Buffer;
    yield padding(size);
  }
  yield Buffer.alloc(2 * blockSize);
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
