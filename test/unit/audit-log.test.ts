import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from '../support/cluster/audit-log.ts';

// What the other suites know of the API server's requests comes through here: it must miss none when the server starts
// a new file.

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-log-'));
  file = join(folder, 'audit.log');
  writeFileSync(file, line('before'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function line(auditID: string, namespace = 'shop', stage = 'ResponseComplete'): string {
  return `${JSON.stringify({ auditID, stage, objectRef: { resource: 'pods', namespace } })}\n`;
}

/** As the API server does at 100 MB. */
function putAside(time: string): void {
  renameSync(file, join(folder, `audit-${time}.log`));
  writeFileSync(file, '');
}

async function seen(log: AuditLog): Promise<string[]> {
  return (await log.requests('shop')).map(({ auditID }) => auditID);
}

it('the audit log reader returns the entries of one namespace since its start, and no others', async () => {
  const log = await AuditLog.from(file);
  appendFileSync(
    file,
    line('one') + line('elsewhere', 'stock') + line('begun', 'shop', 'ResponseStarted') + line('two'),
  );
  appendFileSync(file, line('half').slice(0, 30));
  expect(await seen(log)).toEqual(['one', 'two']);
  expect((await log.begun('shop')).map(({ auditID }) => auditID)).toEqual(['begun']);
});

it('the audit log reader goes on when the server has started new files', async () => {
  putAside('2026-01-01T00-00-00.000');
  appendFileSync(file, line('also before'));
  const log = await AuditLog.from(file);
  appendFileSync(file, line('one'));
  putAside('2026-01-01T01-00-00.000');
  expect(await seen(log)).toEqual(['one']);
  appendFileSync(file, line('two'));
  putAside('2026-01-01T02-00-00.000');
  appendFileSync(file, line('three'));
  expect(await seen(log)).toEqual(['one', 'two', 'three']);
});

it('the audit log reader says that its first file is gone', async () => {
  const log = await AuditLog.from(file);
  const other = join(folder, 'other');
  writeFileSync(other, line('one'));
  renameSync(other, file);
  await expect(log.requests('shop')).rejects.toThrow('what was logged since is gone');
});
