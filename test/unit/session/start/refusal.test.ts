import { describe, expect, it } from '@jest/globals';
import { classifyRefusal, type ApiAnswer } from '../../../../src/session/start/refusal.ts';

const cause = (field: string, message: string, reason = 'FieldValueInvalid') => ({
  name: 'web-1',
  causes: [{ reason, field, message }],
});

/** The servers' own words, as Kubernetes 1.36 says them. */
const TABLE: [name: string, answer: ApiAnswer, expected: string, words?: RegExp][] = [
  [
    'Pod Security',
    {
      code: 403,
      message: 'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      details: { name: 'web-1' },
    },
    'never PodSecurityDenied',
    /^The Pod Security level .*use profile: restricted.*violates PodSecurity "restricted:latest"/,
  ],
  [
    'RBAC',
    {
      code: 403,
      message:
        'pods "web-1" is forbidden: User "system:serviceaccount:a:b" cannot patch resource "pods/ephemeralcontainers" in API group "" in the namespace "shop"',
    },
    'never Forbidden',
    /resources: \["pods\/ephemeralcontainers"\], verbs: \["patch"\].*cannot patch/,
  ],
  [
    'another plugin',
    { code: 403, message: 'pods "web-1" is forbidden: error looking up service account shop/gone' },
    'never AdmissionDenied',
  ],
  [
    'a webhook',
    { code: 400, message: 'admission webhook "x.example" denied the request: no debugging' },
    'never AdmissionDenied',
    /no debugging/,
  ],
  [
    'a webhook with a code of its own',
    { code: 418, message: 'admission webhook "x.example" denied the request: tea' },
    'never AdmissionDenied',
  ],
  [
    'a policy',
    {
      code: 422,
      message:
        "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'no-debug' with binding 'no-debug' denied request: not here",
    },
    'never AdmissionDenied',
    /not here/,
  ],
  [
    'a webhook that does not answer',
    { code: 500, message: 'Internal error occurred: failed calling webhook "x.example": timeout' },
    'later ApiUnavailable',
    /x\.example/,
  ],
  [
    'the feature being off',
    { code: 404, message: 'the server could not find the requested resource' },
    'never SubresourceUnavailable',
    /1\.30/,
  ],
  [
    'the pod being gone',
    { code: 404, message: 'pods "web-1" not found', details: { name: 'web-1' } },
    'never PodNotFound',
  ],
  [
    'another pod of the name',
    {
      code: 422,
      message: 'Pod "web-1" is invalid',
      details: cause('metadata.uid', 'Invalid value: "a": field is immutable'),
    },
    'never PodReplaced',
  ],
  [
    'a static pod',
    { code: 422, message: 'Pod "web-1" is invalid: spec: Forbidden: static pods do not support ephemeral containers' },
    'never StaticPod',
  ],
  [
    'an unknown target',
    {
      code: 422,
      message: 'Pod "web-1" is invalid',
      details: cause('spec.ephemeralContainers[0].targetContainerName', 'Not found: "nope"', 'FieldValueNotFound'),
    },
    'never TargetContainerNotFound',
  ],
  [
    'our name standing there with other content',
    {
      code: 422,
      message: 'Pod "web-1" is invalid',
      details: cause(
        'spec.ephemeralContainers',
        'Forbidden: existing ephemeral containers "debug-1" may not be changed',
      ),
    },
    'later ContainerNameTaken',
  ],
  [
    'one that stood there before, changed on its way',
    {
      code: 422,
      message: 'Pod "web-1" is invalid: spec.ephemeralContainers: Forbidden',
      details: cause(
        'spec.ephemeralContainers',
        'Forbidden: existing ephemeral containers "debug-0" may not be changed',
      ),
    },
    'never AdmissionDenied',
    /^An admission webhook or policy changes debug containers that are in the pod already.*let it change new ones only \(the API server said: /,
  ],
  [
    'both of them changed',
    {
      code: 422,
      message: 'Pod "web-1" is invalid',
      details: {
        causes: ['debug-1', 'debug-0'].map((name) => ({
          field: 'spec.ephemeralContainers',
          message: `Forbidden: existing ephemeral containers "${name}" may not be changed`,
        })),
      },
    },
    'never AdmissionDenied',
  ],
  [
    'one that stood there before, taken out on its way',
    {
      code: 422,
      message: 'Pod "web-1" is invalid',
      details: cause(
        'spec.ephemeralContainers',
        'Forbidden: existing ephemeral containers "debug-0" may not be removed',
      ),
    },
    'never AdmissionDenied',
  ],
  [
    'any other validation',
    {
      code: 422,
      message: 'Pod "web-1" is invalid: spec.x: Required value',
      details: cause('spec.x', 'Required value'),
    },
    'never Invalid',
  ],
  ['a bad request', { code: 400, message: 'the object provided is unrecognized' }, 'never Invalid'],
  ['a wrong media type', { code: 415, message: 'unsupported media type' }, 'never Invalid'],
  ['a body that is too large', { code: 413, message: 'Request entity too large: limit is 3145728' }, 'never TooLarge'],
  ['an object etcd does not take', { code: 500, message: 'etcdserver: request is too large' }, 'never TooLarge'],
  ['a conflict', { code: 409, message: 'the object has been modified' }, 'later ApiUnavailable'],
  [
    'a conflict about the target',
    { code: 409, message: 'changed', details: cause('spec.ephemeralContainers[0].targetContainerName', 'changed') },
    'later ApiUnavailable',
  ],
  [
    'a conflict about the container of another session',
    {
      code: 409,
      message: 'changed',
      details: cause(
        'spec.ephemeralContainers',
        'Forbidden: existing ephemeral containers "debug-0" may not be changed',
      ),
    },
    'later ApiUnavailable',
  ],
  ['flow control', { code: 429, message: 'too many requests' }, 'later ApiUnavailable'],
  ['a token being rotated', { code: 401, message: 'Unauthorized' }, 'later ApiUnavailable'],
  ['a server in trouble', { code: 500, message: 'Internal error occurred' }, 'later ApiUnavailable'],
  ['a server starting', { code: 503, message: 'apiserver not ready' }, 'later ApiUnavailable'],
  ['a gateway', { code: 504, message: 'timeout' }, 'later ApiUnavailable'],
];

describe('classifyRefusal', () => {
  it.each(TABLE)('classifyRefusal recognizes %s', (_name, answer, expected, words = /./) => {
    const refusal = classifyRefusal(answer, 'debug-1');
    expect(`${refusal.finality} ${refusal.reason}`).toBe(expected);
    expect(refusal.message).toMatch(words);
  });

  it('classifyRefusal does not repeat the container of another user that the server quotes', () => {
    const message =
      'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug-0" may not be changed\n\n@@ -1 +1 @@\n "Value": "secret"';
    const answer = { code: 422, message, details: cause('spec.ephemeralContainers', message) };
    expect(classifyRefusal(answer, 'debug-1').message).toMatch(/"debug-0" may not be changed\)$/);
  });

  it('classifyRefusal gives the words of the server alone where it has none of its own', () => {
    const message = 'the object has been modified';
    expect(classifyRefusal({ code: 409, message }, 'debug-1').message).toBe(message);
  });

  it('classifyRefusal keeps the words of the server on one line of bounded length', () => {
    const { message } = classifyRefusal({ code: 400, message: `no\r\n\u0000${'x'.repeat(5000)}` }, 'debug-1');
    expect(message).toMatch(/^no x+\.\.\.$/);
    expect(message.length).toBeLessThan(1000);
  });
});
