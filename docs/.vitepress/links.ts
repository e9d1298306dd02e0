/** Makes links that work on GitHub work on the site, too. */
import { posix } from 'node:path';

/**
 * Returns where a link of a page leads on the site: the index of a folder is not called README there, and what is not
 * in docs/ is on GitHub.
 */
export function toSiteLink(href: string, page: string, repository: string): string {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return href;
  const target = posix.join('docs', posix.dirname(page), href);
  if (!target.startsWith('docs/')) return `${repository}/blob/main/${target}`;
  return /\.(?:md|svg|png)(?:#|$)/.test(target)
    ? href.replace(/\bREADME\.md\b/, 'index.md')
    : `${repository}/blob/main/${target}`;
}
