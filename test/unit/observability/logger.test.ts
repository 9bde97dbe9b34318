import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from '../../../src/observability/logger.ts';
import type { LoggerOptions } from '../../../src/observability/logger.ts';

function capture(level: LoggerOptions['level'] = 'debug', format: LoggerOptions['format'] = 'json') {
  const lines: string[] = [];
  const logger = createLogger({ level, format, destination: { write: (line) => void lines.push(line) } });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';

describe('a log line', () => {
  it('a log line is JSON with level, time, fields and msg, and nothing of the machine', () => {
    const { logger, parsed } = capture();
    const before = Date.now();
    logger.child({ session: 'inspect', namespace: 'shop', uid: 'u-1' }).info({ run: 2, pod: 'web-0' }, 'injected');
    const [line] = parsed();
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      session: 'inspect',
      namespace: 'shop',
      uid: 'u-1',
      run: 2,
      pod: 'web-0',
      msg: 'injected',
    });
    expect(Date.parse(String(line?.['time']))).toBeGreaterThanOrEqual(before - 1);
  });

  it('a log line is one line with any text', () => {
    const { logger, lines, parsed } = capture();
    logger.error({ reason: 'a\nb\r\u0000\u001b[31m' }, 'first\nsecond %s %d');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
    expect(parsed()[0]).toMatchObject({ reason: 'a\nb\r\u0000\u001b[31m', msg: 'first\nsecond %s %d' });
  });

  it('a log line does nothing to a terminal, and a parser reads the text as it was', () => {
    const { logger, lines, parsed } = capture();
    const requester = 'eve\u202e@nimda\u009b31m\u2028\u200b\u007f\u{e0041}ö😀';
    logger.info({ requester }, requester);
    expect(lines[0]).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(lines[0]).toContain('eve\\u202e@nimda\\u009b31m\\u2028\\u200b\\u007f\\udb40\\udc41ö😀');
    expect(parsed()).toMatchObject([{ requester, msg: requester }]);
  });

  it.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['fatal', []],
  ] as const)('a logger at level %s writes the lines %j', (level, expected) => {
    const { logger, parsed } = capture(level);
    for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name]({}, name);
    expect(parsed().map((line) => line['level'])).toEqual(expected);
  });

  it('a log line has every field once, with the nearest value', () => {
    const { logger, lines } = capture();
    logger.child({ session: 'a', run: 1 }).child({ run: 2 }).info({ session: 'b', level: 9, msg: 'x', time: 0 }, 'm');
    expect(lines[0]?.match(/"session"/g)).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      session: 'b',
      run: 2,
      level: 'info',
      msg: 'm',
      level_: 9,
      msg_: 'x',
    });
  });

  it('a log line holds no credentials, at any depth, in any case, in text and in errors', () => {
    const { logger, lines } = capture();
    const cause = new Error(`401 for Bearer ${jwt}`);
    const fields = {
      Authorization: 'Bearer s3cret-s3cret',
      token: 's3cret',
      request: { headers: [{ 'proxy-authorization': 's3cret', cookie: 's3cret' }] },
      user: { 'client-key-data': 's3cret', accessToken: ['s3cret'], password: 's3cret' },
      url: `https://x/?t=${jwt}`,
      err: Object.assign(new Error('sent Authorization: Basic czNjcmV0czNjcmV0', { cause }), {
        clientSecret: 's3cret',
        code: 'E1',
      }),
    };
    logger.child({ token: 's3cret' }).warn(fields, `refused Bearer ${jwt}`);
    expect(lines[0]).not.toMatch(/s3cret|eyJ|czNjcmV0/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      token: '[redacted]',
      msg: 'refused Bearer [redacted]',
      err: {
        name: 'Error',
        code: 'E1',
        message: 'sent Authorization: Basic [redacted]',
        cause: { message: '401 for Bearer [redacted]' },
      },
    });
    expect(fields.token).toBe('s3cret');
  });

  it('a logger survives any value that it is handed', () => {
    const { logger, parsed } = capture();
    const ring: Record<string, unknown> = {
      big: 1n,
      at: new Date(0),
      never: new Date(NaN),
      fn: () => 0,
      none: undefined,
    };
    ring['self'] = ring;
    let deep: object = {};
    for (let i = 0; i < 10_000; i++) deep = { deep };
    logger.info({ ring, deep, long: Array.from({ length: 5_000 }, () => 1), thrown: null }, 'm');
    const [line] = parsed();
    expect(line?.['ring']).toEqual({ big: '1', at: '1970-01-01T00:00:00.000Z', never: null, self: '[circular]' });
    expect(line?.['long']).toHaveLength(100);
    expect(JSON.stringify(line?.['deep']).length).toBeLessThan(200);
  });
});

describe('a log line for people', () => {
  const line = (fields: object, message: string): string => {
    const { logger, lines } = capture('debug', 'text');
    logger.info(fields, message);
    expect(lines).toHaveLength(1);
    return (lines[0] ?? '').replace(/^\S+ /, '');
  };

  it('a text line has time, level, message, and then the fields', () => {
    const { logger, lines } = capture('debug', 'text');
    logger.child({ session: 'shop/inspect' }).warn({ run: 2, ready: false, pod: 'web-0' }, 'list or watch failed');
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}list or watch failed session=shop\/inspect run=2 ready=false pod=web-0\n$/,
      ),
    ]);
  });

  it.each<[string, object, string]>([
    ['words are quoted', { err: 'no such host' }, 'err="no such host"'],
    ['what would look like a field is quoted', { err: 'a=b' }, 'err="a=b"'],
    ['quotes are escaped', { err: 'the "x"' }, 'err="the \\"x\\""'],
    ['nothing is shown', { err: '' }, 'err=""'],
    ['letters of all scripts are plain', { pod: 'größe-東京' }, 'pod=größe-東京'],
    ['lists and objects are JSON', { namespaces: ['a', 'b'], at: { x: 1 } }, 'namespaces=["a","b"] at={"x":1}'],
    ['line breaks and colours are escaped', { err: 'a\nb\u001b[31m' }, 'err="a\\nb\\u001b[31m"'],
    ['what turns the reading direction is escaped', { err: 'a\u202eb' }, 'err="a\\u{202e}b"'],
    ['a name that is no word is quoted', { 'a b': 1 }, '"a b"=1'],
  ])('a text line keeps its form: %s', (_, fields, expected) => {
    expect(line(fields, 'm')).toBe(`INFO  m ${expected}\n`);
  });

  it('a text line holds no credentials', () => {
    const text = line({ token: 's3cret', err: new Error(`401 for Bearer ${jwt}`) }, `refused Bearer ${jwt}`);
    expect(text).toMatch(/^INFO {2}refused Bearer \[redacted\] token=\[redacted\] err=/);
    expect(text).not.toMatch(/s3cret|eyJ/);
  });

  it('a text line is one printable line with any value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.string({ unit: 'binary' }), fc.anything()),
        (m, f) => {
          expect(line(f, m)).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*\n$/u);
        },
      ),
    );
  });
});
