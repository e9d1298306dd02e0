/** Uses the playground of a model of images, in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { testWithBrowser } from '../../e2e/browser.ts';
import type { ModelDescription } from '../contract/api.ts';
import { usePlaygrounds, type Playground } from '../fixtures/playground.ts';

const { open } = usePlaygrounds();
const detector = join(import.meta.dirname, '../../examples/detector');

/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

testWithBrowser('an image is chosen, and what a detector finds is drawn on it', async () => {
  const { page, button, region, sees } = await open('#photo');
  const choose = page.getByLabel('Drop or paste an image here');
  await choose.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
  await page.getByAltText('The chosen image').waitFor();
  await button('Predict').click();
  await sees('logits', region('Prediction'));
  expect(await page.getByLabel('The request as code').textContent()).toContain(
    String.raw`{ "image": "$(base64 < photo.jpg | tr -d '\n')" }`,
  );
  // A detector's outputs are drawn on the image.
  const outputs = {
    boxes: [
      [1, 1, 4, 5],
      [0, 0, 2, 2],
    ],
    scores: [0.9, 0.1],
    labels: ['cat', 'dog'],
  };
  const model = { name: 'photo', version: '1' };
  await page.route('**/predictions', (route) => route.fulfill({ json: { outputs, model } }), { times: 1 });
  await button('Predict').click();
  const drawing = page.getByRole('img', { name: '1 object: cat 90 %' });
  await drawing.waitFor();
  expect(await drawing.locator('text').allTextContents()).toEqual(['cat 90 %']);
  await choose.setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not an image') });
  await button('Predict').click();
  await page.locator('.message.error').waitFor();
});

testWithBrowser('what a detector finds in a picture is drawn around it', async () => {
  const { page, button } = await open('#detector', { context: { colorScheme: 'dark', reducedMotion: 'reduce' } });
  await page.getByLabel('Drop or paste an image here').setInputFiles(join(detector, 'scene.jpg'));
  await page.getByAltText('The chosen image').waitFor();
  await button('Predict').click();
  const drawing = page.getByRole('img', { name: '5 objects: zero 99.7 %, four 97.9 %, seven 96.3 %' });
  await drawing.waitFor();
  const names = await drawing.locator('text').allTextContents();
  expect(names.map((name) => name.split(' ')[0])).toEqual(['zero', 'four', 'seven', 'one', 'nine']);
  // The digits are light on a ground of about 15: a box with a digit in its middle has a mean of more than 50.
  await page.evaluate(`for (const { style } of document.querySelectorAll('.boxes rect, .boxes text'))
    style.visibility = 'hidden';`);
  const picture = sharp(await drawing.screenshot()).greyscale();
  const frame = (await drawing.boundingBox())!;
  for (const box of await drawing.locator('rect:not(.outline)').all()) {
    const { x, y, width, height } = (await box.boundingBox())!;
    const [left = 0, top = 0, columns = 0, rows = 0] = [x - frame.x, y - frame.y, width, height].map(Math.round);
    const inside = await picture.clone().extract({ left, top, width: columns, height: rows }).raw().toBuffer();
    expect(inside.reduce((sum, pixel) => sum + pixel, 0) / inside.length).toBeGreaterThan(50);
  }
  // A single object is a list too.
  await button('example 2').click();
  await button('Predict').click();
  await page.getByRole('img', { name: /^1 object: four/ }).waitFor();
});

testWithBrowser('an image is dropped, and predicted', async () => {
  const { page, button, region, sees } = await open('#photo');
  const folder = mkdtempSync(join(tmpdir(), 'dropped-'));
  try {
    const file = join(folder, 'a.png');
    writeFileSync(file, Buffer.from(pixel, 'base64'));
    const zone = page.locator('label.drop');
    await zone.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await zone.boundingBox())!;
    const session = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', {
        type,
        x: x + width / 2,
        y: y + height / 2,
        data: { items: [], files: [file], dragOperationsMask: 1 },
      });
    await page.getByAltText('The chosen image').waitFor();
    await button('Predict').click();
    await sees('logits', region('Prediction'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Copies the picture and pastes it, as with the keys. */
async function paste({ page }: Playground): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${pixel}'), (character) => character.charCodeAt(0));
    const blob = new Blob([bytes], { type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
  })()`);
  await page.keyboard.press('Control+V');
}

testWithBrowser('a pasted image goes into one field: that with the focus, or the first that is empty', async () => {
  const playground = await open('#photo', {
    prepare: async (page) => {
      await page.route('**/models/photo/versions/*', async (route) => {
        const response = await route.fetch();
        const model = (await response.json()) as ModelDescription;
        const features = ['left', 'middle', 'right'].flatMap((name) =>
          model.features.map((feature) => ({ ...feature, name })),
        );
        await route.fulfill({ json: { ...model, features } });
      });
    },
  });
  const { page } = playground;
  const image = (name: string) => page.locator('.field', { hasText: name }).getByAltText('The chosen image');
  await page.locator('.field', { hasText: 'middle' }).locator('input').focus();
  await paste(playground);
  await image('middle').waitFor();
  expect(await page.getByAltText('The chosen image').filter({ visible: true }).count()).toBe(1);
  await page.evaluate('document.activeElement.blur()');
  await paste(playground);
  await image('left').waitFor();
  expect(await image('right').isVisible()).toBe(false);
});

testWithBrowser('the last 5 answers are kept, since each keeps its image', async () => {
  const { page, button, region } = await open('#photo');
  const choose = page.getByLabel('Drop or paste an image here');
  await choose.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
  await page.getByAltText('The chosen image').waitFor();
  for (let count = 1; count <= 6; count++) {
    const predicted = page.waitForResponse('**/predictions');
    await button('Predict').click();
    await predicted;
    await region('Last answers')
      .getByRole('listitem')
      .nth(Math.min(count, 5) - 1)
      .waitFor();
    await page.locator('button.primary:enabled').waitFor();
  }
  expect(await region('Last answers').getByRole('listitem').count()).toBe(5);
});
