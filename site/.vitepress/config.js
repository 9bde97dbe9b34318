import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slugOf } from '../../scripts/site/slug.ts';

// scripts/site.ts writes the pages before this is read (docs/adr/0049).
const pages = join(import.meta.dirname, '../../dist/site-pages');
const sidebar = JSON.parse(readFileSync(`${pages}/navigation.json`, 'utf8'));

/** Vue takes {{ }} in text for its own. As an entity it is text. Blocks of code are left alone by VitePress itself. */
function keepBraces(md) {
  for (const name of ['text', 'code_inline']) {
    const render = md.renderer.rules[name];
    md.renderer.rules[name] = (...args) => render(...args).replaceAll('{{', '&#123;&#123;');
  }
}

const config = {
  title: 'DebugSession',
  description: 'Debug containers for running pods that end on time and leave a record',
  lang: 'en',
  // No picture of its own: without this line, browsers ask for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  base: process.env.SITE_BASE || '/',
  srcDir: pages,
  outDir: join(import.meta.dirname, '../../dist/site'),
  cacheDir: join(import.meta.dirname, '../../dist/site-cache'),
  ignoreDeadLinks: false,
  markdown: {
    anchor: { slugify: slugOf },
    // The pages are read on a forge too, where `{...}` behind a text and `:word:` are just that.
    attrs: { disable: true },
    emoji: { defs: {} },
    config: keepBraces,
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  // Pages are found below the pages, packages are not.
  vite: { resolve: { preserveSymlinks: true }, publicDir: `${pages}/public` },
  themeConfig: {
    search: { provider: 'local', options: { disableQueryPersistence: true } },
    outline: [2, 3],
    sidebar,
    nav: [
      { text: 'Install', link: '/install' },
      { text: 'Guides', link: '/guides/' },
      { text: 'Reference', link: '/debugsession' },
    ],
    footer: { message: 'Apache-2.0' },
  },
};

export { config as default };
