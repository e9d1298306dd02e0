/** Opens pages in a real Chromium. `.ci/browser` installs it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findTool, testUnless } from './needs.ts';

/** Returns the path of Chromium or Chrome: CHROMIUM, or what is on the PATH; undefined if there is none. */
export function findBrowser(): string | undefined {
  return (
    process.env['CHROMIUM'] ??
    ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => findTool(name) ?? [])[0]
  );
}

/** Starts a browser without windows. Its contexts share nothing: `browser.newContext({ colorScheme: 'dark' })`. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(NEEDS_BROWSER);
  // As root, Chromium runs only without its sandbox; small containers have little shared memory.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'], timeout: 60_000 });
}

/**
 * Opens an empty page, which shares nothing with others. Node sends its requests, because Chromium aborts those under
 * way when the machine gets a network, such as that of a container. Not for pages that read a response as it streams.
 */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  await context.route('**/*', async (route) => {
    // A page that is closed in the meantime takes its responses with it: nobody waits for this one, and a rejection
    // here would end the process of the test.
    await route
      .fetch()
      .then((response) => route.fulfill({ response }))
      .catch(() => route.abort('connectionrefused'))
      .catch(() => undefined);
  });
  return context.newPage();
}

/** Defines a test that is skipped unless there is a browser. On CI, it fails instead. */
export function testWithBrowser(title: string, run: () => Promise<void>): void {
  testUnless(findBrowser() === undefined ? NEEDS_BROWSER : undefined, title, run);
}

/** Returns what WCAG 2.1, levels A and AA, objects to on a page, with the elements concerned. Expect `[]`. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const options: RunOptions = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${JSON.stringify(options)})`);
  return violations.map(({ id, help, nodes }) => {
    const elements = nodes.map(({ target, failureSummary = '' }) => `${target.join(' ')}: ${failureSummary}`);
    return [`${id}: ${help}`, ...elements].join('\n  ');
  });
}

const NEEDS_BROWSER = 'needs Chromium or Chrome: .ci/browser, or apt-get install chromium; CHROMIUM can name its path';
