import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { patternFault } from '../../src/policy/image-pattern.ts';
import { type Answer, apiServer, type ApiServer, installCrds, kubectl } from '../support/cluster/api-server.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { INVALID_POLICIES, PATTERNS, VALID_POLICIES } from './manifests/policies.ts';
import type { Manifest } from './manifests/table.ts';

const policies = '/apis/debugsession.dev/v1alpha1/debugpolicies';
const name = `policy-manifests-${process.pid}`;
let server: ApiServer;

beforeAll(async () => {
  await installCrds();
  server = await apiServer();
});

afterAll(async () => {
  await server.remove(`${policies}/${name}`);
  server.close();
});

/** What the API server says to the creation of such a policy, which it does not keep. */
function create(spec: Manifest | undefined): Promise<Answer> {
  const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name }, spec };
  return server.post(`${policies}?dryRun=All&fieldValidation=Strict`, policy);
}

describe('a policy', () => {
  it.each(VALID_POLICIES)('the API server takes a policy with $what as it is', async ({ spec }) => {
    const { status, message, body } = await create(spec);
    expect({ status, message }).toEqual({ status: 201, message: '' });
    // Without defaults: an empty list stays one and an absent one absent.
    expect(body['spec']).toEqual(spec);
  });

  it.each(INVALID_POLICIES)('the API server refuses a policy with $what', async ({ spec, message = 'a message' }) => {
    const answer = await create(spec);
    expect(answer.message).toContain(message);
    expect([400, 422]).toContain(answer.status);
  });

  it('the API server refuses a policy without spec', async () => {
    expect((await create(undefined)).message).toContain('spec: Required value');
  });

  it('the API server accepts the policy in config/policy', async () => {
    const object = parse(readFileSync(repositoryPath('config/policy/default-policy.yaml'), 'utf8')) as {
      spec: Manifest;
    };
    expect((await create(object.spec)).message).toBe('');
  });
});

describe('an image pattern', () => {
  it.each(PATTERNS)(
    'the API server and the operator give the same verdict on the image pattern $text',
    async ({ text, fault }) => {
      const answer = await create({ images: [text] });
      const own = patternFault(text);
      if (fault === undefined) {
        expect([answer.message, own]).toEqual(['', undefined]);
        return;
      }
      expect(answer.status).toBe(422);
      expect(answer.message).toContain('spec.images[0]');
      expect(answer.message).toContain(fault);
      expect(own).toContain(fault);
      // Word for word.
      expect(answer.message).toContain(own);
    },
  );
});

describe('kubectl get debugpolicy', () => {
  it('kubectl get debugpolicy shows images, profiles, allowances, ttl and limits', async () => {
    const spec = {
      images: ['docker.io/library/busybox:*', 'registry.example/**@sha256:*'],
      profiles: ['general', 'restricted'],
      ttl: { default: '30m', max: '2h' },
      limits: { perPod: 1, perUser: 2 },
      allow: ['Env'],
      revokeRunning: true,
    };
    const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name }, spec };
    expect((await server.post(policies, policy)).status).toBe(201);
    const [header = '', row = ''] = (await kubectl('get', 'dbgp', name, '-o', 'wide')).split('\n');
    const columns = (line: string): string[] => line.trim().split(/ {2,}/);
    expect(columns(header)).toEqual([
      'NAME',
      'IMAGES',
      'PROFILES',
      'ALLOWS',
      'TTL',
      'MAX',
      'AGE',
      'PER-POD',
      'PER-USER',
      'PER-NAMESPACE',
      'REVOKES',
    ]);
    expect(columns(row)).toEqual([
      name,
      '["docker.io/library/busybox:*","registry.example/**@sha256:*"]',
      '["general","restricted"]',
      '["Env"]',
      '30m',
      '2h',
      expect.stringMatching(/^[0-9]+s$/),
      '1',
      '2',
      'true',
    ]);
  });
});
