import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { repositoryPath } from '../../support/documents/crd.ts';

// Conditions are shown, and not remembered: what is read back from a status is a field.

/** Who reads conditions of a session all the same, and why. */
const READERS = {
  'src/session/status/compose-status.ts': 'an equal condition keeps its lastTransitionTime, and its words',
  'src/session/plan/plan-removal.ts':
    'the time of StopConfirmed begins ttlAfterFinished, as that of a condition does for a Job',
  'src/session/plan/plan-over.ts': 'an eviction that is told already is not told again',
  'src/session/stop/retirement.ts': 'what was said of an eviction stays until something else is known',
  'src/reconcile/report.ts': 'the metric counts what is shown',
  'src/reconcile/session-api.ts': 'they are conditions of a node, which the kubelet writes',
};

it('only the listed files read the conditions of a session', () => {
  const files = ['src/session', 'src/reconcile', 'src/policy'].flatMap((folder) =>
    readdirSync(repositoryPath(folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`),
  );
  // The status of a session may be absent. That of a pod is always there, and its conditions are the kubelet's.
  const reads = /findCondition\(|\bstatus\?\.conditions/;
  const readers = files.filter((file) => reads.test(readFileSync(repositoryPath(file), 'utf8')));
  expect(readers.toSorted()).toEqual(Object.keys(READERS).toSorted());
});
