import { ApiError } from '../../../src/kube/api-error.ts';
import { readLastWord } from '../../../src/kube/channel-protocol.ts';
import { apiAnswer } from '../../../src/runtime/api-answer.ts';
import { type FuzzTarget, must, mustBeOneLine } from '../target.ts';

const status = (more: object): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...more });

export const apiAnswers: FuzzTarget = {
  name: 'api-answer',
  about: 'answers of an API server, or of a proxy in front of it, and the last word of an exec',
  seeds: [
    status({ code: 404, reason: 'NotFound', message: 'pods "web" not found', details: { name: 'web', kind: 'pods' } }),
    status({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } }),
    status({ code: 503, reason: 'ServiceUnavailable', details: { retryAfterSeconds: -5 } }),
    status({
      code: 422,
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueInvalid', field: 'spec.ttl', message: 'must be' }] },
    }),
    status({ reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '137' }] } }),
    '{"status":"Success"}',
    '<html><body>502 Bad Gateway</body></html>',
  ],
  run(input) {
    const text = input.toString();
    const error = ApiError.fromResponse(500, text, text.slice(0, 8));
    mustBeOneLine(error.message, 'the message of an error');
    must(error.message !== '', 'an error says something');
    must(typeof error.reason === 'string', 'a reason is a text');
    for (const cause of error.details.causes) mustBeOneLine(cause.message, 'the message of a cause');
    const { code, retryAfterMs = 0 } = apiAnswer(error);
    must(code === 500, 'the status of HTTP counts');
    must(retryAfterMs >= 0 && retryAfterMs <= 3_600_000, `a pause is bounded: ${retryAfterMs}`);
    const word = readLastWord(text);
    if (word.kind === 'exitCode') must(Number.isInteger(word.exitCode), 'an exit code is a whole number');
    if (word.kind === 'failure') mustBeOneLine(word.error.message, 'the last word');
  },
};
