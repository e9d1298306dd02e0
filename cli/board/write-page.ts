/** Writes the files of the page for the npm package: node cli/board/write-page.ts FOLDER */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pageFiles, readPageFile } from './page-files.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: node cli/board/write-page.ts FOLDER');
await mkdir(folder, { recursive: true });
for (const name of Object.keys(pageFiles)) await writeFile(join(folder, name), (await readPageFile(name))?.text ?? '');
