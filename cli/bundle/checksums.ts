import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The file with the checksums, in the format of `sha256sum`. */
const checksumsFile = 'SHA256SUMS';

/**
 * Writes the checksums of all files in a folder.
 * @param onProgress called with the share of the bytes that are done, from 0 to 1
 */
export async function writeChecksums(folder: string, onProgress: (share: number) => void): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const lines: string[] = [];
  for (const file of files.sort()) {
    const sum = await checksum(file, (bytes) => {
      onProgress((done += bytes) / all);
    });
    lines.push(`${sum}  ${relative(folder, file)}\n`);
  }
  await writeFile(join(folder, checksumsFile), lines.join(''));
}

async function checksum(file: string, onBytes: (count: number) => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
  }
  return hash.digest('hex');
}
