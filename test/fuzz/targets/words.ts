import { durationOr } from '../../../src/api/duration.ts';
import { parseQuantity } from '../../../src/api/quantity.ts';
import { fromTimestamp } from '../../../src/api/time.ts';
import { redactText } from '../../../src/observability/redact.ts';
import { refusalOf } from '../../../src/plugin/refusal-words.ts';
import { readTarget } from '../../../src/plugin/target-reference.ts';
import { nearest } from '../../../src/text/nearest.ts';
import { oneLine } from '../../../src/text/one-line.ts';
import { type FuzzTarget, must, mustBeOneLine, mustEqual } from '../target.ts';

export const words: FuzzTarget = {
  name: 'words',
  about: 'words of kubectl and of servers, and short values that people type',
  seeds: [
    'Error from server (Forbidden): debugsessions.debugsession.io is forbidden: User "a" cannot create resource\n',
    'The DebugSession "web" is invalid: \n* spec.ttl: Invalid value: "10x": must be a duration\n',
    'Authorization: Bearer abcdefghijklmnop.qrstuvw eyJhbGciOiJIUzI1NiJ9.e30.x\n',
    '1h30m',
    '1.5Gi',
    'deploy/checkout',
    '2026-11-24T10:00:00Z',
  ],
  run(input) {
    const text = input.toString();
    mustBeOneLine(oneLine(text), 'a line');
    mustEqual(oneLine(oneLine(text, 64), 64), oneLine(text, 64), 'a line stays as it is');
    must(oneLine(text, 64).length <= 64, 'a line is as long as is said');
    for (const line of refusalOf(text, 1).lines) mustBeOneLine(line, 'a line of a refusal');
    must(refusalOf(text, 1).lines.length > 0 || text.includes('is invalid'), 'a refusal says something');
    const redacted = redactText(text);
    must(!/\bBearer\s+[\w.~+/=-]{8,}/.test(redacted.replaceAll('[redacted]', '|')), 'a token is shown');
    mustEqual(redactText(redacted), redacted, 'a redacted text stays as it is');
    const target = readTarget(text);
    if (target.kind === 'fault') mustBeOneLine(target.fault, 'the fault of a target');
    const milliseconds = durationOr(text, -1);
    must(Number.isSafeInteger(milliseconds), 'a duration is whole milliseconds');
    const quantity = parseQuantity(text);
    must(quantity === undefined || Number.isFinite(quantity), 'a quantity is a number');
    must(!Number.isNaN(fromTimestamp(text)), 'a time is a number');
    const known = ['start', 'attach', 'logs', 'end'];
    must(known.includes(nearest(text.slice(0, 20), known) ?? 'end'), 'a suggestion is one of the known');
  },
};
