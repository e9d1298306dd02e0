/** Uses the playground in a real browser, with a real service. */
import { readFileSync } from 'node:fs';
import { accessibilityViolations, testWithBrowser } from '../../e2e/browser.ts';
import type { ModelDescription } from '../contract/api.ts';
import { usePlaygrounds } from '../fixtures/playground.ts';

const { open, url, replica } = usePlaygrounds();

describe('a classifier', () => {
  testWithBrowser('predicts an example, says who answered, and keeps the answer', async () => {
    const { page, button, region, sees, announced } = await open();
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
    const { page, button, announced } = await open();
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
    const { page, region, sees } = await open();
    await page.getByRole('slider', { name: 'sepal_length slider' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByLabel('sepal length', { exact: true }).inputValue()).toBe('5.01');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await sees(/^setosa$/, region('Prediction'));
  });

  testWithBrowser('plots what changes if a value does', async () => {
    const { page, button, sees } = await open();
    await page.getByLabel('Vary').selectOption('petal width');
    await button('Plot').click();
    const plot = page.getByRole('img', { name: 'probability by petal width (cm)' });
    await plot.waitFor();
    expect(await plot.locator('path').count()).toBe(3);
    await sees(/^As petal width goes from 0\.1 to 2\.5, the prediction stays setosa\.$/);
    await page.getByText('The numbers', { exact: true }).click();
    expect(await page.getByRole('region', { name: 'The numbers of the plot' }).getByRole('row').count()).toBe(42);
  });

  testWithBrowser('plots with requests that fit the limits of the service', async () => {
    const { page, button, sees } = await open('', {
      prepare: (page) =>
        page.route('**/models/iris/versions/*', async (route) => {
          const response = await route.fetch();
          const model = (await response.json()) as ModelDescription;
          await route.fulfill({ json: { ...model, serving: { ...model.serving, max_rows: 10 } } });
        }),
    });
    await button('Plot').click();
    await sees(/^41 rows in 5 requests, /);
    await page.getByText('The numbers', { exact: true }).click();
    expect(await page.getByRole('region', { name: 'The numbers of the plot' }).getByRole('row').count()).toBe(42);
  });

  testWithBrowser('has the request as code', async () => {
    const { page, button } = await open();
    const code = page.getByLabel('The request as code');
    await page.getByLabel('petal width', { exact: true }).fill('0.7');
    expect(await code.textContent()).toContain(`curl ${url()}/models/iris/predictions`);
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
    const { page, button, sees } = await open();
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
    await sees('Columns that are not features: note.');
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

testWithBrowser('other models: texts, tensors, and one that could not be loaded', async () => {
  const { page, button, region, sees } = await open('#column-transformer');
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
  // A model that was left keeps its values.
  await page.getByLabel('Model').selectOption('torch-conv');
  expect(await page.getByLabel('image').inputValue()).toBe('[1, 2]');
});

for (const colorScheme of ['light', 'dark'] as const) {
  testWithBrowser(`is accessible in ${colorScheme} colours, and fits a narrow screen`, async () => {
    const { page, button, sees } = await open('', { context: { colorScheme, viewport: { width: 360, height: 780 } } });
    await page.getByLabel('petal width', { exact: true }).fill('9');
    await button('Predict').click();
    await sees(/warning: see the values/);
    await button('Plot').click();
    await page.getByRole('img', { name: /probability by/ }).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
}
