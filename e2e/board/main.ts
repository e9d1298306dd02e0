/**
 * Records docs/board.webp, or the file that it is called with: the board of three real replicas, while a load runs and
 * one of them is killed. It takes a minute and needs Chromium (.ci/browser). Quiet machines give better pictures.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { launchBrowser } from '../browser.ts';
import { addressOfBoard } from './address.ts';
import { freePortFlags } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const [, , file = join(import.meta.dirname, '../../docs/board.webp')] = process.argv;
const size = { width: 1040, height: 800 };
/** Milliseconds between two pictures, and for which the last one stays. */
const pace = 400;
const lastStays = 5000;

const workspace = await createWorkspace();
await addReplica(workspace);
const ports = await freePortFlags();
const running = workspace.start('up', '--board', ...ports);
try {
  const browser = await launchBrowser();
  const page = await browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto(await addressOfBoard(running));
  await page.getByText('3 of 3 replicas ready').waitFor();
  const pictures = await record(page, async () => {
    await sleep(1500);
    await press(page, 'load');
    await sleep(7000);
    await press(page, 'kill');
    await page.getByText(/^✓ Promise kept: .* all replicas were back/).waitFor({ timeout: 120_000 });
    await sleep(1000);
  });
  await browser.close();
  await writeFile(file, await animate(pictures));
} finally {
  running.kill('SIGINT');
  await running;
  await workspace.remove();
}

/** Three replicas are one more than usual: two serve while the third is down. */
async function addReplica({ folder }: Workspace): Promise<void> {
  const environments = join(folder, 'infra/environments.ts');
  const source = await readFile(environments, 'utf8');
  await writeFile(environments, source.replace('...localProfile,', '...localProfile, replicas: 3,'));
}

/** Moves to a button first, so that the picture shows which one is pressed. */
async function press(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  await button.hover();
  await sleep(2 * pace);
  await button.click();
  await page.mouse.move(0, 0);
}

interface Picture {
  readonly at: number;
  readonly png: Buffer;
}

/** Takes pictures while something happens. */
async function record(page: Page, happen: () => Promise<void>): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  const over = new AbortController();
  const happening = happen().finally(() => {
    over.abort();
  });
  while (!over.signal.aborted) {
    pictures.push({ at: performance.now(), png: await page.screenshot() });
    await sleep(Math.max(0, (pictures.at(-1)?.at ?? 0) + pace - performance.now()));
  }
  await happening;
  pictures.push({ at: performance.now(), png: await page.screenshot() });
  return pictures;
}

/** Joins the pictures to one that moves as fast as the board did. */
function animate(pictures: readonly Picture[]): Promise<Buffer> {
  const delay = pictures.map(({ at }, index) => Math.round((pictures[index + 1]?.at ?? at + lastStays) - at));
  return sharp(
    pictures.map(({ png }) => png),
    { join: { animated: true } },
  )
    .webp({ quality: 60, effort: 6, minSize: true, loop: 0, delay })
    .toBuffer();
}
