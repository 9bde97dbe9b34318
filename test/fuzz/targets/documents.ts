import { checkPolicies } from '../../../src/cli/policy-check.ts';
import { convert } from '../../../src/cli/convert.ts';
import { readDocuments } from '../../../src/cli/input-documents.ts';
import { writeDocuments } from '../../../src/cli/write-documents.ts';
import { ownSchemas } from '../../../src/plugin/schemas.ts';
import { type FuzzTarget, must, mustBeOneLine, mustEqual } from '../target.ts';

const OLD = `apiVersion: v1
kind: EphemeralContainers
metadata: {name: web, namespace: shop}
ephemeralContainers:
- name: look
  image: busybox
  command: [sh, -c, 'echo hi']
  env: [{name: A, value: "1"}]
  tty: yes
  targetContainerName: app
`;

export const documents: FuzzTarget = {
  name: 'documents',
  about: 'files of YAML or JSON that somebody hands to kubectl dbg convert',
  seeds: [
    OLD,
    `--- \n${OLD}---\n{"apiVersion": "v1", "kind": "List", "items": []}\n`,
    'a: &x [1]\nb: *x\n',
    'e0: 0x1f\n',
  ],
  run(input) {
    const text = input.toString();
    const read = readDocuments(text);
    must(read.faults.length === 0 || read.documents.length === 0, 'with any fault there are no documents');
    for (const { line } of read.faults) must(line >= 1, 'a fault has a line');
    const values = read.documents.map(({ value }) => value).filter((value) => isWhole(value));
    if (values.length === read.documents.length) {
      const again = readDocuments(writeDocuments(values as object[])).documents.map(({ value }) => value);
      mustEqual(again, values, 'what was read can be written and read again');
    }
    const converted = convert(text, 'file');
    if (converted.kind === 'unusable') return converted.faults.forEach((fault) => mustBeOneLine(fault, 'a fault'));
    for (const line of [...converted.leftOut, ...converted.notes]) mustBeOneLine(line, 'a note');
    const sessions = readDocuments(converted.yaml);
    mustEqual(sessions.documents.length, converted.sessions, 'each session that is counted is written');
  },
};

/** An object without -0, which JSON does not know. */
function isWhole(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !JSON.stringify(value).includes('null');
}

const SCHEMAS = ownSchemas();

const POLICY = `apiVersion: debugsession.dev/v1alpha1
kind: DebugPolicy
metadata: {name: default}
spec:
  images: ['docker.io/library/*:*']
  ttl: {max: 1h}
---
apiVersion: debugsession.dev/v1alpha1
kind: DebugSession
metadata: {name: a, namespace: shop}
spec:
  target: {podName: web}
  image: busybox
  ttl: 30m
`;

export const policies: FuzzTarget = {
  name: 'policies',
  about: 'files of policies and sessions that somebody hands to kubectl dbg check',
  seeds: [POLICY],
  run(input) {
    const report = checkPolicies([{ source: 'file', text: input.toString() }], { schemas: SCHEMAS, namespace: 'shop' });
    const lines = report.kind === 'unusable' ? report.faults : [...report.lines, report.notJudged];
    for (const line of lines) mustBeOneLine(line, 'a line of the report');
    must(report.kind !== 'unusable' || report.faults.length > 0, 'what cannot be judged has a reason');
  },
};
