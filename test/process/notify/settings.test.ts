import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { readSettings } from '../../../src/notify/settings.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Writes the Secret as the kubelet mounts it. */
function secret(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

const KEY = { 'hmac-key': '0123456789abcdef\n' };

it('the settings are the URLs of the Secret, a line each, its key, and its ca.crt', async () => {
  const urls = '# chat\r\nhttps://chat.example/hooks/1?t=2\r\n\n  http://127.0.0.1:8080/relay#x  \n';
  secret({ ...KEY, urls, 'ca.crt': 'PEM' });
  const { receivers, key, ca } = await readSettings(folder);
  expect(receivers.map(String)).toEqual(['https://chat.example/hooks/1?t=2', 'http://127.0.0.1:8080/relay']);
  expect([key.toString(), ca]).toEqual(['0123456789abcdef', 'PEM']);
});

it.each([
  ['no file urls', { ...KEY }, /urls cannot be read: /],
  ['no file hmac-key', { urls: 'https://a.example/' }, /hmac-key cannot be read: /],
  ['a short key', { urls: 'https://a.example/', 'hmac-key': 'short' }, /hmac-key has 5 bytes: it needs 16 or more$/],
  ['no URL', { ...KEY, urls: '# nothing\n' }, /urls has no URL: write one a line$/],
  ['a word', { ...KEY, urls: 'https://a.example/\nsecret-word' }, /urls, line 2: this is no URL$/],
  ['plain HTTP', { ...KEY, urls: 'http://secret.example/' }, /urls, line 1: the URL must begin with https:\/\//],
  ['another scheme', { ...KEY, urls: 'file:///secret' }, /urls, line 1: the URL must begin with https:\/\//],
  ['a password', { ...KEY, urls: 'https://u:secret@a.example/' }, /urls, line 1: the URL has a user or password/],
  ['too many', { ...KEY, urls: 'https://a.example/\n'.repeat(11) }, /urls has 11 URLs: it may have 10$/],
])('a Secret with %s gives an error that says where, and no word of the Secret', async (_, files, message) => {
  secret(files);
  const failed = await readSettings(folder).catch((error: unknown) => error as Error);
  expect(failed).toBeInstanceOf(Error);
  const { message: said } = failed as Error;
  expect(said).toMatch(message);
  expect(said).not.toMatch(/secret(-word|\.example|@)|:secret/);
});
