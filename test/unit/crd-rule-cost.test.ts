import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { debugSessionSchema, repositoryPath } from '../support/documents/crd.ts';
import { copiedProperties } from '../support/documents/rule-cost.ts';

const schema = debugSessionSchema();
const fixture = JSON.parse(readFileSync(repositoryPath('test/unit/fixtures/sessions/completed.json'), 'utf8')) as {
  status: object;
};

/** An ordinary request, as it stands after an admission policy has filled in the requester. */
const fresh = {
  metadata: { name: 'inspect-web' },
  spec: {
    target: { podName: 'web-7c9f', containerName: 'app' },
    image: 'busybox:1.36',
    command: ['sleep', '600'],
    ttl: '30m',
    justification: 'INC-4711',
    attempt: 1,
    requestedBy: { username: 'dana', groups: ['developers', 'system:authenticated'] },
  },
};
/** It has no status while rules judge its creation. */
const stored = { ...fresh, status: { observedGeneration: -1 } };
const over = { ...fresh, status: fixture.status };

// One question about a field of spec costs about 30 or 60. The first three were 591, 3916 and 3916 once (ADR 0050), and
// then 507, 719 and 1912; the last was 1802 (ADR 0054).
describe('the rules of the resource DebugSession', () => {
  it('the rules copy few properties for a new session', () => {
    expect(copiedProperties(schema, fresh, undefined)).toBeLessThanOrEqual(465);
  });

  it('the rules copy few properties for a status that has another phase', () => {
    expect(copiedProperties(schema, over, stored)).toBeLessThanOrEqual(430);
  });

  it('the rules copy few properties for a change of the metadata or of a status in the same phase', () => {
    expect(copiedProperties(schema, over, over)).toBeLessThanOrEqual(1620);
  });

  it('the rules copy few properties for a change of the metadata before the operator has looked', () => {
    expect(copiedProperties(schema, stored, stored)).toBeLessThanOrEqual(1835);
  });
});
