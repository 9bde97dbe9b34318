import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PROFILE_NAMES } from '../../src/api/profiles.ts';
import {
  debugApprovalSchema,
  debugPolicySchema,
  debugSessionSchema,
  repositoryPath,
  type Schema,
} from '../support/documents/crd.ts';
import { schemaFields, typeFields } from '../support/documents/type-fields.ts';

const read = (file: string): string => readFileSync(repositoryPath(`src/api/${file}`), 'utf8');
const source = ['debugsession.ts', 'ephemeral-container.ts', 'debugpolicy.ts', 'profiles.ts'].map(read).join('\n');
const root = debugSessionSchema();

function part(name: 'spec' | 'status'): Schema {
  const schema = root.properties?.[name];
  if (schema === undefined) throw new Error(`the CRD has no ${name}`);
  return schema;
}

/** The source with one piece replaced, which must be there. */
function edited(piece: string, by: string): string {
  expect(source).toContain(piece);
  return source.replace(piece, by);
}

describe('the TypeScript types and the schema of the CRD', () => {
  it('the TypeScript type and the schema of DebugSession have the same fields in spec', () => {
    expect(schemaFields(part('spec'))).toEqual(typeFields(source, 'DebugSessionSpec'));
  });

  it('the TypeScript type and the schema of DebugSession have the same fields in status', () => {
    expect(schemaFields(part('status'))).toEqual(typeFields(source, 'DebugSessionStatus'));
  });

  it('the comparison of DebugSession goes as far as the leaves', () => {
    const fields = [...typeFields(source, 'DebugSessionSpec'), ...typeFields(source, 'DebugSessionStatus')];
    expect(fields).toEqual(
      expect.arrayContaining([
        'attempt: number',
        'command?: array',
        'command[]: string',
        'target.workloadRef.apiVersion: apps/v1 | batch/v1',
        'securityContext.seccompProfile.localhostProfile?: string',
        'requestedBy.extra{}[]: string',
        'runs[].before.lastTermination.exitCode: number',
        'conditions[].status: False | True | Unknown',
      ]),
    );
  });

  it.each([
    [
      'gains a field in spec',
      'DebugSessionSpec',
      '  image: string;\n  command',
      '  image: string;\n  extra?: string;\n  command',
    ],
    ['loses a field in spec', 'DebugSessionSpec', '  ttl?: string;\n  pendingTimeout', '  pendingTimeout'],
    ['makes a field optional', 'DebugSessionSpec', '  target: Target;', '  target?: Target;'],
    ['changes a scalar', 'DebugSessionSpec', '  runAsUser?: number;', '  runAsUser?: string;'],
    ['gains a value of a union', 'DebugSessionSpec', "'Shell' | 'None'", "'Shell' | 'None' | 'Init'"],
    ['gains a profile', 'DebugSessionSpec', '  sysadmin: {', '  root: {},\n  sysadmin: {'],
    ['changes the values of a map', 'DebugSessionSpec', 'Record<string, string[]>', 'Record<string, number[]>'],
    ['loses a field of a run', 'DebugSessionStatus', '  podUID?: string;', ''],
    ['loses a phase', 'DebugSessionStatus', "'Pending' | 'Starting' | 'Running'", "'Pending' | 'Running'"],
    ['makes an array of a field', 'DebugSessionStatus', '  attachCommand?: string;', '  attachCommand?: string[];'],
  ])('the comparison of DebugSession finds a difference when the type %s', (_, type, piece, by) => {
    const schema = part(type === 'DebugSessionSpec' ? 'spec' : 'status');
    expect(schemaFields(schema)).not.toEqual(typeFields(edited(piece, by), type));
  });

  it('the comparison of DebugSession finds a difference when the schema gains or loses a field', () => {
    const spec = part('spec');
    const { image, ...rest } = spec.properties ?? {};
    expect(image).toBeDefined();
    expect(schemaFields({ ...spec, properties: rest })).not.toEqual(typeFields(source, 'DebugSessionSpec'));
    const more = { ...spec.properties, extra: { type: 'string' } };
    expect(schemaFields({ ...spec, properties: more })).not.toEqual(typeFields(source, 'DebugSessionSpec'));
  });

  it('the comparison refuses a construct that it cannot compare', () => {
    const odd = edited('  image: string;\n  command', '  image: string | number;\n  command');
    expect(() => typeFields(odd, 'DebugSessionSpec')).toThrow('image: cannot compare string with a schema');
  });
});

describe('the TypeScript types and the schema of DebugPolicy', () => {
  // Its types are spread over four files.
  const types = ['debugpolicy.ts', 'label-selector.ts', 'debugsession.ts', 'profiles.ts'].map(read).join('\n');
  const spec = debugPolicySchema().properties?.['spec'];

  it('the TypeScript type and the schema of DebugPolicy have the same fields', () => {
    expect(spec && schemaFields(spec)).toEqual(typeFields(types, 'DebugPolicySpec'));
  });

  it('the comparison of DebugPolicy goes as far as the leaves', () => {
    expect(typeFields(types, 'DebugPolicySpec')).toEqual(
      expect.arrayContaining([
        'namespaceSelector.matchExpressions[].operator: DoesNotExist | Exists | In | NotIn',
        'podSelector.matchLabels{}: string',
        'limits.containersPerPod?: number',
        'ttl.max?: string',
        `profiles[]: ${PROFILE_NAMES.toSorted().join(' | ')}`,
      ]),
    );
  });

  it('the comparison of DebugPolicy finds a difference when the type loses an allowance', () => {
    const fewer = types.replace("  | 'SupervisorNone'", '');
    expect(fewer).not.toBe(types);
    expect(spec && schemaFields(spec)).not.toEqual(typeFields(fewer, 'DebugPolicySpec'));
  });
});

describe('the TypeScript types and the schema of DebugApproval', () => {
  const types = read('debugapproval.ts');
  const spec = debugApprovalSchema().properties?.['spec'];

  it('the TypeScript type and the schema of DebugApproval have the same fields', () => {
    expect(spec && schemaFields(spec)).toEqual(typeFields(types, 'DebugApprovalSpec'));
  });

  it('the comparison of DebugApproval finds a difference when the type loses a decision', () => {
    const fewer = types.replace(" | 'Deny'", '');
    expect(fewer).not.toBe(types);
    expect(spec && schemaFields(spec)).not.toEqual(typeFields(fewer, 'DebugApprovalSpec'));
  });
});
