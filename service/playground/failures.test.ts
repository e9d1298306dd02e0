/** What the playground says if a request fails, in a real browser. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { accessibilityViolations, testWithBrowser } from '../../e2e/browser.ts';
import { usePlaygrounds } from '../fixtures/playground.ts';
import { startService } from '../fixtures/process.ts';

const { open } = usePlaygrounds();
const models = join(import.meta.dirname, '../../models');

testWithBrowser('asks for the API key once, keeps it in memory only, and never writes it into the code', async () => {
  const locked = await startService(models, { API_KEY: 'correct-horse', PUBLIC_DOCS: 'false' });
  try {
    const { page, button, region, sees } = await open('', { url: locked.url });
    const key = page.getByLabel('API key or token');
    await key.waitFor();
    await page.keyboard.press('Escape');
    await sees('The service needs an API key, or a token.');
    await button('Try again').click();
    await key.fill('wrong');
    await button('Continue').click();
    await sees(/^The service refused this key/);
    expect(await accessibilityViolations(page)).toEqual([]);
    // A header cannot have this sign.
    await key.fill('5 €');
    await button('Continue').click();
    await sees(/^A key or token has only/);
    await key.fill('correct-horse');
    await page.keyboard.press('Enter');
    await button('Predict').click();
    await sees(/^setosa$/, region('Prediction'));
    expect(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length')).toBe(0);
    const code = await page.getByLabel('The request as code').textContent();
    expect(code).toContain('Bearer $RHIZOME_API_KEY');
    expect(code).not.toContain('horse');
    await sees('API: /docs, with the key');
    const problem = { title: 'Forbidden', detail: 'The token does not allow to run this model.', status: 403 };
    await page.route('**/predictions', (route) => route.fulfill({ status: 403, json: problem }), { times: 1 });
    await button('Predict').click();
    await sees(problem.detail);
    await button('Use another key').click();
    await key.fill('correct-horse');
    await page.keyboard.press('Enter');
    await sees(/^setosa$/, region('Prediction'));
    process.kill(locked.pid, 'SIGKILL');
    await locked.stop();
    await button('Predict').click();
    await sees(/^The service cannot be reached/);
  } finally {
    await locked.stop();
  }
});

testWithBrowser('says what is wrong, and offers to try again', async () => {
  const { page, button, sees } = await open();
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

testWithBrowser('an address that cannot be decoded leads to the default model', async () => {
  const { sees } = await open('#%');
  await sees('iris');
});

testWithBrowser('a response that the service never sends is a failure like others', async () => {
  const login = (page: Page, path: string): Promise<unknown> =>
    page.route(path, (route) => route.fulfill({ body: '<p>Log in</p>', contentType: 'text/html' }), { times: 1 });
  const { page, button, region, sees } = await open('', {
    prepare: (page) => login(page, '**/models'),
  });
  await sees(/^The response is not what the service sends\./);
  await button('Try again').click();
  await login(page, '**/predictions');
  await button('Predict').click();
  await sees(/^The response is not what the service sends\./, region('Prediction'));
  await button('Try again').click();
  await sees(/^setosa$/, region('Prediction'));
});

testWithBrowser('replicas differ during an update: the page says so, and finds the model at another one', async () => {
  const problem = { type: 'urn:problem-type:rhizome:model-not-found', title: 'Not found', status: 404, detail: '' };
  const lack = (page: Page, path: string): Promise<unknown> =>
    page.route(path, (route) => route.fulfill({ status: 404, json: problem }), { times: 1 });
  const { page, button, region, sees } = await open('', {
    prepare: (page) => lack(page, '**/models/iris/versions/*'),
  });
  await sees(/^During an update or a canary, replicas differ\./);
  await button('Try again').click();
  // A request for the default version names none.
  await lack(page, '**/models/iris/predictions');
  await button('Predict').click();
  await sees(/^During an update or a canary, replicas differ\./, region('Prediction'));
  await button('Try again').click();
  await sees(/^setosa$/, region('Prediction'));
});
