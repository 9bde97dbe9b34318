import { writeFileSync } from 'node:fs';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { repositoryPath } from '../documents/crd.ts';

const FOLDER = 'test/unit/fixtures/sessions';

/**
 * With RECORD_SESSIONS=1 in the environment: keeps a session of a real cluster as a fixture of the unit tests. Without:
 * nothing.
 */
export function recordSession(name: string, session: DebugSession): void {
  if (process.env['RECORD_SESSIONS'] !== '1') return;
  const metadata: DebugSession['metadata'] & { managedFields?: unknown } = { ...session.metadata };
  delete metadata.managedFields;
  writeFileSync(repositoryPath(`${FOLDER}/${name}.json`), `${JSON.stringify({ ...session, metadata }, null, 2)}\n`);
}
