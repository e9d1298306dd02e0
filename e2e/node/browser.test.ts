/** Pages of tests, in a real Chromium. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchBrowser, newPage, testWithBrowser } from '../browser.ts';

testWithBrowser('a page may be closed while it loads: the process of the test goes on', async () => {
  const rejections: unknown[] = [];
  const collect = (reason: unknown): void => {
    rejections.push(reason);
  };
  process.on('unhandledRejection', collect);
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html').end('x'.repeat(100_000));
    server.emit('responded', request.url);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await launchBrowser();
  try {
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    // Where in its way a response is when the page is closed is up to chance: among so many, some are everywhere.
    for (let attempt = 0; attempt < 5; attempt++) {
      const page = await newPage(browser);
      await page.goto(url);
      const responded = once(server, 'responded');
      await page.evaluate('for (let index = 0; index < 50; index++) void fetch(`/${index}`).catch(() => {})');
      await responded;
      await page.context().close();
    }
  } finally {
    await browser.close();
    server.close();
    process.off('unhandledRejection', collect);
  }
  expect(rejections).toEqual([]);
});
