/** Uses the playground in a real browser, with a real service. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accessibilityViolations, findBrowser, launchBrowser, newPage, testWithBrowser } from '../../e2e/browser.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';

const root = join(import.meta.dirname, '../..');
const timeout = 60_000;
const replica = 'iris-server-5f7d9-x2k4q';

/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let browser: Browser | undefined;
let service: ServiceProcess | undefined;
let folder: string;
beforeAll(async () => {
  if (findBrowser() === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'playground-'));
  cpSync(join(root, 'models/iris'), join(folder, 'iris'), { recursive: true });
  mkdirSync(join(folder, 'broken'));
  writeFileSync(join(folder, 'broken/model.onnx'), 'not a model');
  for (const name of ['column-transformer', 'torch-conv'])
    cpSync(join(root, 'fixtures/training-libraries', name), join(folder, name), { recursive: true });
  cpSync(join(folder, 'torch-conv'), join(folder, 'photo'), { recursive: true });
  writeFileSync(join(folder, 'photo/model.json'), '{"features": [{"name": "image", "decode": {"image": {}}}]}');
  [browser, service] = await Promise.all([
    launchBrowser(),
    startService(folder, { HOSTNAME: replica, DEFAULT_MODEL: 'iris' }, undefined, 'listening'),
  ]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), service?.stop()]);
  if (service !== undefined) rmSync(folder, { recursive: true });
});

let page: Page;
let errors: string[] = [];
const open = async (path = '', options: Parameters<typeof newPage>[1] = {}, url = service!.url): Promise<void> => {
  page = await newPage(browser!, options);
  page.setDefaultTimeout(timeout);
  errors = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    // The browser itself reports each response with an error.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load')) errors.push(message.text());
  });
  await page.goto(`${url}/${path}`);
};
afterEach(async () => {
  await Promise.all(browser?.contexts().map((context) => context.close()) ?? []);
  expect(errors).toEqual([]);
});

const button = (name: string) => page.getByRole('button', { name, exact: true });
const region = (name: string) => page.getByRole('region', { name, exact: true });
/** Waits until an element has a text. */
const sees = (text: string | RegExp, where: Page | ReturnType<typeof region> = page) =>
  where.getByText(text).filter({ visible: true }).first().waitFor();
const announced = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' });

describe('a classifier', () => {
  testWithBrowser('predicts an example, says who answered, and keeps the answer', async () => {
    await open();
    await button('virginica').click();
    await button('Predict').click();
    const prediction = region('Prediction');
    await sees(/^64\.6 %$/, prediction);
    await sees(`from ${replica}`, prediction);
    await sees(/ms round trip$/, prediction);
    await sees(/ms in the service$/, prediction);
    await announced('Prediction: virginica, 64.6 %');
    await page.getByLabel('petal width', { exact: true }).fill('0.2');
    await button('Predict').click();
    await sees(/^versicolor$/, prediction);
    await region('Last answers').getByRole('button', { name: 'virginica, 64.6 %' }).click();
    await sees(/^64\.6 %$/, prediction);
    expect(await page.getByLabel('petal width', { exact: true }).inputValue()).toBe('1.8');
  });

  testWithBrowser('shows warnings and errors next to the values that they are about', async () => {
    await open();
    const width = page.getByLabel('petal width', { exact: true });
    await width.fill('9');
    await button('Predict').click();
    await page.getByText('The value is outside the valid range. Expected a number (float32) from 0.1').waitFor();
    await width.fill('');
    await button('Predict').click();
    await page.getByText('The field is missing. Expected a number').waitFor();
    expect(await width.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator(':focus').getAttribute('aria-invalid')).toBe('true');
    await announced('Not predicted: 1 field invalid');
    // The next change of the value removes the message.
    await page.keyboard.type('1');
    expect(await width.getAttribute('aria-invalid')).toBeNull();
  });

  testWithBrowser('is used with the keyboard alone', async () => {
    await open();
    await page.getByRole('slider', { name: 'sepal_length slider' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByLabel('sepal length', { exact: true }).inputValue()).toBe('5.01');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await sees(/^setosa$/, region('Prediction'));
  });

  testWithBrowser('plots what changes if a value does', async () => {
    await open();
    await page.getByLabel('Vary').selectOption('petal width');
    await button('Plot').click();
    const plot = page.getByRole('img', { name: 'probability by petal width (cm)' });
    await plot.waitFor();
    expect(await plot.locator('path').count()).toBe(3);
    await sees(/^As petal width goes from 0\.1 to 2\.5, the prediction stays setosa\.$/);
    await page.getByText('The numbers', { exact: true }).click();
    expect(await page.getByRole('region', { name: 'The numbers of the plot' }).getByRole('row').count()).toBe(42);
  });

  testWithBrowser('has the request as code', async () => {
    await open();
    const code = page.getByLabel('The request as code');
    await page.getByLabel('petal width', { exact: true }).fill('0.7');
    expect(await code.textContent()).toContain(`curl ${service!.url}/models/iris/predictions`);
    expect(await code.textContent()).toContain('"petal_width": 0.7');
    await button('TypeScript').click();
    expect(await code.textContent()).toContain("import { createClient } from 'rhizome-kit/client';");
    await button('Python').click();
    expect(await code.textContent()).toContain('response = requests.post(');
    await button('Copy').click();
    await page
      .getByText(/^(Copied|Selected: press Ctrl-C)$/)
      .first()
      .waitFor();
  });

  testWithBrowser('predicts the rows of a CSV file, and names the invalid ones', async () => {
    await open();
    const rows = [
      'Sepal length (cm),sepal_width,petal_length,petal_width,note',
      '5.1,3.5,1.4,0.2,"a, b"',
      '6,3,5,wide,',
    ];
    const csv = [...rows, '6.3,2.9,5.6,1.8,'].join('\r\n');
    await page.getByLabel('Drop a CSV file here').setInputFiles({
      name: 'flowers.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(csv),
    });
    await sees(/^2 rows predicted in .* 1 row is invalid\.$/);
    await sees('Columns that are no features: note.');
    const downloading = page.waitForEvent('download');
    await button('Download as CSV').click();
    const lines = readFileSync(await (await downloading).path(), 'utf8').split('\r\n');
    expect(lines[0]).toBe(
      `${rows[0]},prediction,probability_setosa,probability_versicolor,probability_virginica,error`,
    );
    expect(lines[1]).toMatch(/^5\.1,3\.5,1\.4,0\.2,"a, b",setosa,0\.9\d+,/);
    expect(lines[2]).toMatch(/^6,3,5,wide,,,,,,petal_width: Got a string\. Expected a number/);
    expect(lines[3]).toMatch(/,virginica,/);
  });
});

testWithBrowser('an image is dropped or chosen, and shown', async () => {
  await open('#photo');
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
  expect(await drawing.locator('text').allTextContents()).toEqual(['cat']);
  await choose.setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not an image') });
  await button('Predict').click();
  await page.locator('.message.error').waitFor();
});

testWithBrowser('other models: texts, tensors, and one that could not be loaded', async () => {
  await open('#column-transformer');
  await page.getByLabel('city').fill('Nowhere');
  await button('Predict').click();
  await sees(/\d %$/, region('Prediction'));
  await page.getByLabel('Model').selectOption('torch-conv');
  await sees('JSON: nested arrays of float32, 3 × 8 × 8');
  await button('Predict').click();
  await sees('logits', region('Prediction'));
  await page.getByLabel('image').fill('[1, 2]');
  await button('Predict').click();
  await page.locator('.message.error').waitFor();
  await page.getByLabel('Model').selectOption('broken');
  await sees(/is not an ONNX model/);
  // Whoever returns finds what was there.
  await page.getByLabel('Model').selectOption('torch-conv');
  expect(await page.getByLabel('image').inputValue()).toBe('[1, 2]');
});

testWithBrowser('asks for the API key once, keeps it in memory only, and never writes it into the code', async () => {
  const locked = await startService(join(root, 'models'), { API_KEY: 'correct-horse', PUBLIC_DOCS: 'false' });
  try {
    await open('', {}, locked.url);
    const key = page.getByLabel('API key or token');
    await key.waitFor();
    await page.keyboard.press('Escape');
    await sees('The service needs an API key, or a token.');
    await button('Try again').click();
    await key.fill('wrong');
    await button('Continue').click();
    await sees(/^The service refused this key/);
    expect(await accessibilityViolations(page)).toEqual([]);
    await key.fill('correct-horse');
    await page.keyboard.press('Enter');
    await button('Predict').click();
    await sees(/^setosa$/, region('Prediction'));
    expect(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length')).toBe(0);
    const code = await page.getByLabel('The request as code').textContent();
    expect(code).toContain('Bearer $RHIZOME_API_KEY');
    expect(code).not.toContain('horse');
    await sees('API: /docs, with the key');
    process.kill(locked.pid, 'SIGKILL');
    await locked.stop();
    await button('Predict').click();
    await sees(/^The service cannot be reached/);
  } finally {
    await locked.stop();
  }
});

testWithBrowser('says what is wrong, and offers to try again', async () => {
  await open();
  await button('Predict').waitFor();
  const responses = [
    { status: 429, headers: { 'Retry-After': '7' }, body: 'slow down' },
    { status: 413, json: { title: 'Body too large', detail: 'The body has too many bytes.', status: 413 } },
  ];
  await page.route('**/predictions', (route) => route.fulfill(responses[0]), { times: 1 });
  await button('Predict').click();
  await sees('The service asks to try again in 7 seconds.');
  await page.route('**/predictions', (route) => route.fulfill(responses[1]), { times: 1 });
  await button('Try again').click();
  await sees('The body has too many bytes.');
  await page.route('**/models', (route) => route.fulfill({ json: { models: [] } }));
  await page.reload();
  await sees('This service has no models yet.');
});

for (const colorScheme of ['light', 'dark'] as const) {
  testWithBrowser(`is accessible in ${colorScheme} colours, and fits a narrow screen`, async () => {
    await open('', { colorScheme, viewport: { width: 360, height: 780 } });
    await page.getByLabel('petal width', { exact: true }).fill('9');
    await button('Predict').click();
    await sees(/warning: see the values/);
    await button('Plot').click();
    await page.getByRole('img', { name: /probability by/ }).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
}
