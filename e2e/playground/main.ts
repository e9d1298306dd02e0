/** Takes the pictures of docs/playground.md, from the model of this repository. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { startService } from '../../service/fixtures/process.ts';
import { launchBrowser, newPage } from '../browser.ts';

const root = join(import.meta.dirname, '../..');
const docs = join(root, 'docs');
const service = await startService(join(root, 'models'), { HOSTNAME: 'iris-server-5f7d9c6b8-x2k4q' });
const browser = await launchBrowser();

try {
  const page = await openPage('light', 1135);
  // The first requests of a process take longer.
  for (const example of ['setosa', 'virginica', 'versicolor']) {
    await page.getByRole('button', { name: example, exact: true }).click();
    await page.getByRole('button', { name: 'Predict' }).click();
    await page.getByRole('region', { name: 'Last answers' }).getByRole('button', { name: example }).waitFor();
  }
  await page.getByLabel('Vary').selectOption('petal width');
  await page.getByRole('button', { name: 'Plot' }).click();
  await page.getByRole('img', { name: /^probability by/ }).waitFor();
  await save(await page.screenshot(), 'playground-iris');

  const rows = await openPage('dark', 1060);
  await rows.getByLabel('Drop a CSV file here').setInputFiles(join(root, 'cli/training-data/fixtures/iris.csv'));
  await rows.getByText('Download as CSV').waitFor();
  await save(await rows.getByRole('region', { name: 'Many rows' }).screenshot(), 'playground-rows');
} finally {
  await Promise.all([browser.close(), service.stop()]);
}

async function openPage(colorScheme: 'light' | 'dark', height: number): Promise<Page> {
  const page = await newPage(browser, { colorScheme, viewport: { width: 1100, height }, deviceScaleFactor: 1.5 });
  await page.goto(service.url);
  await page.getByRole('button', { name: 'Predict' }).waitFor();
  return page;
}

/** Few colours are enough for a page, and make small files. */
async function save(picture: Buffer, name: string): Promise<void> {
  await sharp(picture)
    .png({ palette: true, colours: 64, effort: 10 })
    .toFile(join(docs, `${name}.png`));
}
