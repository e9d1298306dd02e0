import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import sharp from 'sharp';
import { testWithBrowser } from '../browser.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-recording-'));
});
afterAll(() => rm(dir, { recursive: true }));

testWithBrowser('the script for docs/board.webp records a load, a kill and a promise that is kept', async () => {
  const file = join(dir, 'board.webp');
  // The script itself waits until the board says that the promise was kept.
  await execa(process.execPath, [join(import.meta.dirname, 'main.ts'), file], { timeout: 240_000 });
  for (const each of [file, join(import.meta.dirname, '../../docs/board.webp')]) {
    const { pages = 0, delay = [], width, pageHeight } = await sharp(each, { animated: true }).metadata();
    expect([width, pageHeight]).toEqual([1040, 800]);
    // More than a dozen moments, of which the last one stays.
    expect(pages).toBeGreaterThan(12);
    expect(delay.at(-1)).toBeGreaterThanOrEqual(5000);
  }
});
