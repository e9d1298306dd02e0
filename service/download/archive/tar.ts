import { ByteReader } from './byte-reader.ts';
import { DownloadError } from '../download-error.ts';

/** A file in an archive. Read all of its content before the next one. */
export interface TarFile {
  /** Relative, without `.` and `..`. */
  readonly path: string;
  readonly size: number;
  readonly content: AsyncIterable<Buffer>;
}

const blockSize = 512;
/** Bounds what an archive can make the reader do without a byte of content. */
const mostEntries = 10_000;
/** The most bytes of a name or of the attributes of one entry. */
const mostAttributeBytes = 65_536;

/**
 * Yields the regular files of an archive in the formats ustar, GNU and pax. Folders are left out, since their files
 * name them.
 *
 * @throws {DownloadError} if the archive is damaged, or contains a link, a device, or a path that leads out of it
 */
export async function* tarFiles(stream: AsyncIterable<Buffer>): AsyncGenerator<TarFile> {
  const reader = new ByteReader(stream);
  let attributes: { path?: string; size?: number } = {};
  for (let count = 0; ; count++) {
    if (count > mostEntries) throw new DownloadError(`The archive has more than ${mostEntries} entries.`);
    const header = await reader.exactly(blockSize);
    // Zeros mark the end.
    if (header.every((byte) => byte === 0)) return;
    checkSum(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = attributes.size ?? number(header.subarray(124, 136));
    const skipPadding = (): Promise<Buffer> => reader.exactly((blockSize - (size % blockSize)) % blockSize);
    if (type === 'x' || type === 'L' || type === 'g' || type === 'K') {
      if (size > mostAttributeBytes) throw new DownloadError('The archive has an entry with a name that is too long.');
      const text = (await reader.exactly(size)).toString();
      if (type === 'x') attributes = paxAttributes(text);
      if (type === 'L') attributes = { path: text.replace(/\0.*$/s, '') };
      await skipPadding();
      continue;
    }
    const path = attributes.path ?? nameOf(header);
    attributes = {};
    if (type === '5') {
      checkPath(path);
      continue;
    }
    if (type !== '0' && type !== '\0' && type !== '7')
      throw new DownloadError(
        `The archive contains ${JSON.stringify(path)}, which is a link or a device. Create it with regular files ` +
          'only: `tar --dereference -czf models.tar.gz -C models .`',
      );
    yield { path: checkPath(path), size, content: reader.take(size) };
    await skipPadding();
  }
}

/** @returns the path without `.` and empty parts */
function checkPath(path: string): string {
  const parts = path.split('/');
  if (path.startsWith('/') || parts.includes('..') || /[\0\\]/.test(path))
    throw new DownloadError(`The archive contains ${JSON.stringify(path)}, a path that leads out of its folder.`);
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

const text = (field: Buffer): string => field.toString('utf8').replace(/\0.*$/s, '');

/** Returns the name in a header; ustar may have split it. */
function nameOf(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Reads an octal number; GNU writes large ones in binary. */
function number(field: Buffer): number {
  const [first = 0] = field;
  const value =
    first & 0x80 ? Number(field.subarray(4).readBigUInt64BE()) : Number.parseInt(text(field).trim() || '0', 8);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new DownloadError('The archive is damaged: the size of a file is not a number. Create it again.');
}

function checkSum(header: Buffer): void {
  const expected = Number.parseInt(text(header.subarray(148, 156)), 8);
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (sum !== expected)
    throw new DownloadError('The file is not a tar archive, or a damaged one. Create it again, with `tar -czf`.');
}

/** Reads `LENGTH KEY=VALUE` lines. */
function paxAttributes(lines: string): { path?: string; size?: number } {
  const path = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(lines)?.[1];
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(lines)?.[1];
  return { ...(path !== undefined && { path }), ...(size !== undefined && { size: Number(size) }) };
}
