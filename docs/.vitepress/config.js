// The site that `npm run docs:site` builds from the pages of this folder. Nothing is loaded from elsewhere.
import { join } from 'node:path';
import { toAnchor } from './anchors.ts';
import { toSiteLink } from './links.ts';
import { readGroups } from './pages.ts';

const docs = join(import.meta.dirname, '..');
const repository = 'https://github.com/rhizome-kit/rhizome';
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="none" stroke="#7a6bd6" stroke-width="3" ' +
  'stroke-linecap="round" d="M3 25h26M9 25v-8m7 8V5m7 20V12"/></svg>';

const toSitePath = (path) => `/${path.replace(/README\.md$/, '').replace(/\.md$/, '')}`;
const toItem = ({ title, path, pages }) => ({
  text: title,
  link: toSitePath(path),
  ...(pages.length > 0 && { collapsed: true, items: pages.map(toItem) }),
});
const home = {
  layout: 'home',
  hero: {
    name: 'Rhizome',
    text: 'ONNX models that keep running on Kubernetes',
    tagline: 'Try a model on your machine in two commands, and put it on a cluster with one more.',
    actions: [
      { theme: 'brand', text: 'Start', link: `${repository}#start` },
      { theme: 'alt', text: 'Tutorial', link: '/tutorial/' },
      { theme: 'alt', text: 'Your own model', link: '/toolkit' },
    ],
  },
};
const api = { text: 'API reference', link: '/api/', target: '_self' };

export default {
  title: 'Rhizome',
  description: 'From a trained ONNX model to replicas that keep running on Kubernetes',
  lang: 'en',
  // GitHub Pages serves the site below the repository's name.
  base: process.env.DOCS_BASE ?? '/',
  rewrites: { 'README.md': 'index.md', ':folder/README.md': ':folder/index.md' },
  ignoreDeadLinks: [/^http:\/\/localhost/],
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  markdown: {
    anchor: { slugify: toAnchor },
    // Those of VitePress have comments with too little contrast.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languageAlias: { promql: 'sql' },
    config(markdown) {
      markdown.core.ruler.push('links-of-the-site', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? []))
          if (token.type === 'link_open')
            token.attrSet('href', toSiteLink(token.attrGet('href'), env.relativePath, repository));
      });
    },
  },
  // The index of the pages is the home page, with a top that only the site has.
  transformPageData: ({ relativePath, frontmatter }) =>
    relativePath === 'index.md' ? { frontmatter: { ...frontmatter, ...home } } : {},
  themeConfig: {
    search: { provider: 'local', options: { translations: { button: { buttonAriaLabel: '' } } } },
    outline: [2, 3],
    sidebar: [
      ...readGroups(docs).map(({ title, pages }) => ({ text: title, items: pages.map(toItem) })),
      { items: [api] },
    ],
    nav: [{ text: 'Changelog', link: `${repository}/blob/main/CHANGELOG.md` }, api],
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
  },
};
