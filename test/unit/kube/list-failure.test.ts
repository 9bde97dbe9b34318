import { describe, expect, it } from '@jest/globals';
import { ApiError, ConnectionError } from '../../../src/kube/api-error.ts';
import { explainListFailure } from '../../../src/kube/list-failure.ts';

const remedies = {
  server: 'https://10.0.0.1:6443',
  install: 'kubectl apply -k config/crd',
  grant: 'apply config/rbac',
};
const explain = (code: number, message: string, path = '/apis/example.dev/v1/things'): string => {
  const explained = explainListFailure(new ApiError({ code, reason: 'R', message }), path, remedies);
  if (!(explained instanceof ApiError)) throw new Error('it is no ApiError any more');
  expect(explained).toMatchObject({ code, reason: 'R' });
  return explained.message;
};

describe('the explanation of a refused list', () => {
  it.each([
    ['/apis/example.dev/v1/things', 'things.example.dev'],
    ['/apis/example.dev/v1alpha1/namespaces/shop/things', 'things.example.dev'],
    ['/api/v1/namespaces/shop/pods', 'pods'],
    ['/odd', '/odd'],
  ])(
    'the explanation of 404 for %s says that the resource %s is missing, what to do, and that the operator waits',
    (path, resource) => {
      expect(explain(404, '404 page not found', path)).toBe(
        `the resource ${resource} is not installed in the cluster; to install it: kubectl apply -k config/crd; waiting for it`,
      );
    },
  );

  it('the explanation of 403 quotes the server about the missing right, and says how to grant it', () => {
    const words = 'things.example.dev is forbidden: User "jo" cannot list resource "things" at the cluster scope';
    expect(explain(403, words)).toBe(`a right is missing: ${words}; to grant it: apply config/rbac`);
  });

  it('the explanation of 401 names the server that does not accept the credentials', () => {
    expect(explain(401, 'Unauthorized')).toBe(
      'https://10.0.0.1:6443 does not accept our credentials (401 Unauthorized): the token or the certificate has expired, or is not of this cluster',
    );
  });

  it.each([
    new ApiError({ code: 410, reason: 'Expired', message: 'too old' }),
    new ApiError({ code: 503, reason: '', message: 'not now' }),
    new ConnectionError('ECONNREFUSED', 'no answer'),
    new Error('stop'),
  ])('the explanation leaves %s as it is', (error) => {
    expect(explainListFailure(error, '/apis/example.dev/v1/things', remedies)).toBe(error);
  });
});
