import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.ts';

describe('ApiError', () => {
  it('an ApiError holds a Status with its causes', () => {
    const body = JSON.stringify({
      kind: 'Status',
      code: 422,
      reason: 'Invalid',
      message: 'Pod "web" is invalid:\nspec: wrong',
      details: { name: 'web', kind: 'Pod', causes: [{ reason: 'FieldValueInvalid', field: 'spec', message: 'wrong' }] },
    });
    expect(ApiError.fromResponse(422, body)).toMatchObject({
      name: 'ApiError',
      code: 422,
      reason: 'Invalid',
      message: 'Pod "web" is invalid: spec: wrong',
      details: {
        name: 'web',
        group: '',
        kind: 'Pod',
        causes: [{ reason: 'FieldValueInvalid', field: 'spec', message: 'wrong' }],
      },
    });
  });

  it('an ApiError takes Retry-After from the header, else from the details', () => {
    const body = JSON.stringify({ kind: 'Status', message: 'slow down', details: { retryAfterSeconds: 7 } });
    expect(ApiError.fromResponse(429, body, '3').retryAfterMs).toBe(3000);
    expect(ApiError.fromResponse(429, body).retryAfterMs).toBe(7000);
    expect(ApiError.fromResponse(429, 'x', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs).toBeUndefined();
  });

  it.each([
    ['<html>\u001b[31mBad gateway</html>', '<html> [31mBad gateway</html>'],
    ['', 'the server answered HTTP 502 without a body'],
    ['null', 'null'],
    ['{"kind":"Status","details":7,"message":5}', 'HTTP 502'],
  ])('an ApiError makes one line of the body %j', (body, message) => {
    const error = ApiError.fromResponse(502, body);
    expect(error.message).toBe(message);
    expect(error.code).toBe(502);
    expect(error.details.causes).toEqual([]);
  });
});
