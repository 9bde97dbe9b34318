import { expect, it } from '@jest/globals';
import { keyOf, signedHeaders } from '../../../src/notify/signature.ts';

// The example of Standard Webhooks' own libraries (javascript/src/index.test.ts of its repository).
const EXAMPLE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  at: 1_614_265_330_000,
  body: '{"test": 2432232314}',
  key: keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
};

it('a notice is signed as Standard Webhooks signs', () => {
  expect(signedHeaders(EXAMPLE)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it.each([
  ['id', { id: 'msg_other' }],
  ['time', { at: EXAMPLE.at + 1000 }],
  ['body', { body: '{"test": 2432232315}' }],
  ['key', { key: keyOf('another key of many bytes') }],
])('the signature of a notice changes with its %s', (_, change) => {
  const one = signedHeaders(EXAMPLE)['webhook-signature'];
  expect(signedHeaders({ ...EXAMPLE, ...change })['webhook-signature']).not.toBe(one);
});

it('a key without whsec_ is taken as the bytes of its text', () => {
  expect(keyOf('0123456789abcdef')).toEqual(Buffer.from('0123456789abcdef'));
});
