import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { addressOf, linkBetween, readLink } from '../../scripts/site/address.ts';
import { fieldsPage } from '../../scripts/site/fields-page.ts';
import { NAVIGATION } from '../../scripts/site/navigation.ts';
import { slugOf } from '../../scripts/site/slug.ts';
import { filePage } from '../../scripts/site/source-page.ts';
import { stagePages } from '../../scripts/site/stage.ts';
import { transcriptOf } from '../../scripts/site/transcript-of.ts';
import { readCast } from '../support/documents/asciicast.ts';
import { repositoryPath } from '../support/documents/crd.ts';

describe('the addresses of the site', () => {
  it.each([
    ['docs/install.md', 'install.md'],
    ['docs/guides/README.md', 'guides/index.md'],
    ['README.md', 'overview.md'],
    ['SECURITY.md', 'security-policy.md'],
    ['src/kube/README.md', 'source/src/kube/index.md'],
    ['config/argocd/health.lua', 'source/config/argocd/health.lua.md'],
  ])('the file %s has the page %s', (file, page) => {
    expect(addressOf(file)).toBe(page);
  });

  it('a folder has the index of its path', () => {
    expect(addressOf('config/admission', true)).toBe('source/config/admission/index.md');
  });

  it('a link to another host or to the same page is none inside the repository', () => {
    for (const href of ['https://example.com/a', '//example.com', 'mailto:a@b', '#limits'])
      expect(readLink('docs/install.md', href)).toBeUndefined();
  });

  it('a link keeps its anchor on the way to the site', () => {
    const link = readLink('docs/guides/rbac.md', '../../SECURITY.md#the-rights');
    expect(link).toEqual({ path: 'SECURITY.md', rest: '#the-rights' });
    expect(linkBetween('guides/rbac.md', 'security-policy.md', '#the-rights')).toBe('../security-policy.md#the-rights');
  });

  it.each([
    ['`spec.target.podName`', 'spectargetpodname'],
    ['3. Grant access', '3-grant-access'],
    ['Before Kubernetes 1.36', 'before-kubernetes-136'],
    ['`kubectl dbg again NAME`', 'kubectl-dbg-again-name'],
  ])('the heading %s has the anchor %s, as on a forge', (heading, slug) => {
    expect(slugOf(heading)).toBe(slug);
  });
});

describe('the pages that are made', () => {
  it('the fence of a file is longer than any in it', () => {
    expect(filePage('a.yaml', 'x: "````"\n')).toContain('`````yaml\nx: "````"\n`````\n');
  });

  it('the page of fields has type, default, bounds, rules and description of a nested field', () => {
    const ttl = {
      type: 'string',
      default: '30m',
      maxLength: 20,
      description: 'How long <it> lives.',
      'x-kubernetes-validations': [{ rule: 'self > 0', message: 'ttl must be positive' }],
    };
    const spec = {
      type: 'object',
      properties: { times: { type: 'array', items: { type: 'object', required: ['ttl'], properties: { ttl } } } },
    };
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
    const page = fieldsPage({ spec: { names: { kind: 'Thing' }, versions: [{ name: 'v1', schema }] } }, 'thing.md');
    expect(page).toContain('### `spec.times`\n\nlist of object');
    expect(page).toContain(
      '#### `spec.times[].ttl`\n\nstring · required · at most 20 characters · default `"30m"`\n\n' +
        'How long \\<it\\> lives.\n\nThe API server checks:\n\n- ttl must be positive',
    );
  });
});

describe('the transcript of the recording', () => {
  it('a transcript has the last text of a line that is written anew, and no control sequences', () => {
    const events = [
      '$ ls\r\n',
      '\u001b[KWaiting',
      '\r\u001b[KStarting',
      '\r\u001b[KDone\r\n',
      '\u001b[1mbold\u001b[0m\r\n',
    ];
    const cast = ['{"version":2,"width":80,"height":24}', ...events.map((text, at) => JSON.stringify([at, 'o', text]))];
    expect(transcriptOf(`${cast.join('\n')}\n`)).toBe('```console\n$ ls\nDone\nbold\n```');
  });

  it('the recording is an asciicast that shows a session from its start to its record', () => {
    const cast = readFileSync(repositoryPath('site/session.cast'), 'utf8');
    expect(readCast(cast).header).toMatchObject({ version: 2, width: 100 });
    const text = transcriptOf(cast);
    expect(text).toMatch(/^```console\n\$ kubectl dbg web --reason INC-4711\nSession (web-\w+): /);
    expect(text).toMatch(/\n {2}certain {3}yes, nothing of it runs: .*\n/);
    expect(text.split('\n').filter((line) => /Waiting for/.test(line))).toEqual([]);
  });
});

describe('the navigation', () => {
  const linked = NAVIGATION.flatMap(({ items }) => items.map(({ link }) => link.slice(1)));

  it('the navigation has every page of docs/ once, and the decisions as a list', () => {
    const pages = globSync('docs/**/*.md', { cwd: repositoryPath('.') })
      .filter((file) => !file.startsWith('docs/adr/'))
      .map((file) => addressOf(file).replace(/(?:index)?\.md$/, ''));
    expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
    expect(new Set(linked).size).toBe(linked.length);
  });

  it('every entry of the navigation has a page when the site is staged', () => {
    const folder = mkdtempSync(join(tmpdir(), 'site-pages-'));
    try {
      stagePages(repositoryPath('.'), folder);
      const missing = linked.filter((link) => {
        const file = link.endsWith('/') ? `${link}index.md` : `${link}.md`;
        return !globSync('**/*.md', { cwd: folder }).includes(file);
      });
      expect(missing).toEqual([]);
      expect(readFileSync(join(folder, 'guides/gitops.md'), 'utf8')).not.toContain('](../../');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
