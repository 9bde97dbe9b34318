import { describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession, DebugSessionStatus, Run } from '../../../src/api/debugsession.ts';
import { defaultContainer, isPodOf } from '../../../src/plugin/default-container.ts';
import { Progress } from '../../../src/plugin/progress.ts';
import { refusalOf } from '../../../src/plugin/refusal-words.ts';
import { sessionName } from '../../../src/plugin/session-name.ts';
import { endingWords } from '../../../src/plugin/words/ending.ts';
import { lengthOfTime } from '../../../src/plugin/words/length-of-time.ts';
import { story } from '../../../src/plugin/words/story.ts';
import { standingOf } from '../../../src/plugin/words/standing.ts';

const CREATED = '2026-11-28T10:00:00Z';
const NOW = Date.parse('2026-11-28T10:00:01Z');

function session(status?: DebugSessionStatus, generation = 1): DebugSession {
  return {
    apiVersion: 'debugsession.dev/v1alpha1',
    kind: 'DebugSession',
    metadata: {
      name: 's',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '1',
      generation,
      creationTimestamp: CREATED,
    },
    spec: { target: { podName: 'web' }, image: 'busybox:1.36', attempt: 1 },
    ...(status && { status: { observedGeneration: 1, ...status } }),
  };
}

function condition(type: string, message: string, more: Partial<Condition> = {}): Condition {
  const times = { observedGeneration: 1, lastTransitionTime: CREATED };
  return { type, status: 'True', reason: 'Reason', message, ...times, ...more };
}

const run = (more: Partial<Run>): Run => ({ attempt: 1, podName: 'web', state: 'Running', ...more });

describe('standingOf', () => {
  it.each([
    [
      'it waits for an approval',
      session({ phase: 'Pending', approval: { requestHash: 'h', policyName: 'p', required: 2, given: 1 } }),
      NOW,
      { kind: 'waiting', words: 'Waiting for approval (1 of 2): kubectl dbg approve s -n shop' },
    ],
    ['no operator has looked yet', session(), NOW, { kind: 'waiting', words: 'Waiting for the operator' }],
    [
      'no operator has looked for 10 seconds',
      session(),
      NOW + 10_000,
      { kind: 'waiting', words: 'Waiting for the operator: check that it runs and watches namespace shop' },
    ],
    [
      'the operator has not seen a change yet',
      session({ phase: 'Running', runs: [run({})] }, 2),
      NOW,
      { kind: 'waiting' },
    ],
    [
      'the session waits for its pod',
      session({ phase: 'Pending', conditions: [condition('Reconciling', 'There is no pod web\u001b[2J')] }),
      NOW,
      { kind: 'waiting', words: 'Waiting: There is no pod web [2J' },
    ],
    [
      'its pod is being deleted',
      session({
        phase: 'Running',
        reason: 'PodTerminating',
        runs: [run({})],
        conditions: [condition('Running', 'Pod web is being deleted')],
      }),
      NOW,
      { kind: 'ending', words: 'Ending: Pod web is being deleted' },
    ],
    [
      'the operator injects the container',
      session({
        phase: 'Starting',
        podName: 'web',
        conditions: [condition('Reconciling', 'is being injected', { reason: 'Injecting' })],
      }),
      NOW,
      { kind: 'waiting', words: 'Starting busybox:1.36 in pod web' },
    ],
    ['the session runs', session({ phase: 'Running', runs: [run({})] }), NOW, { kind: 'running' }],
    [
      'the operator stops the session',
      session({ phase: 'Ending', conditions: [condition('StopConfirmed', 'by exec')] }),
      NOW,
      { kind: 'ending', words: 'Ending: by exec' },
    ],
    ['the session is over', session({ phase: 'Failed' }), NOW, { kind: 'over' }],
  ])('standingOf names the state of a session where %s', (_, seen, now, expected) => {
    expect(standingOf(seen, now)).toMatchObject(expected);
  });
});

describe('endingWords', () => {
  const confirmed = condition('StopConfirmed', 'the kubelet reported it');
  const times = { startedAt: '2026-11-28T10:00:00Z', finishedAt: '2026-11-28T10:02:13Z' };
  const record = 'Record: kubectl dbg show s -n shop';

  it.each([
    [
      'by itself',
      'Completed',
      run({ ...times, exitCode: 7, message: 'The command ended by itself, exit code 7' }),
      'Session s is completed after 2m13s: The command ended by itself, exit code 7.',
      7,
    ],
    [
      'by its ttl',
      'Expired',
      run({ ...times, exitCode: 129, message: 'The supervisor ended it after 15s' }),
      'Session s has expired after 2m13s: The supervisor ended it after 15s, exit code 129.',
      129,
    ],
    ['before it ran', 'Cancelled', run({ reason: 'Cancelled' }), 'Session s is cancelled before it ran.', 1],
  ] as const)('endingWords tells the end of a session that ended %s', (...[, phase, last, line, exitCode]) => {
    const over = session({ phase, runs: [last], conditions: [confirmed] });
    expect(endingWords(over)).toEqual({ lines: [line, record], exitCode });
    expect(endingWords(over, { isKept: false }).lines).toEqual([line]);
  });

  it('endingWords says that an end is not certain', () => {
    const unsure = condition('StopConfirmed', 'the pod went unseen', { status: 'Unknown' });
    const over = session({ phase: 'Completed', runs: [run({ ...times, exitCode: 0 })], conditions: [unsure] });
    expect(endingWords(over).lines[0]).toBe(
      'Session s is completed after 2m13s: exit code 0; it is not certain that it ended: the pod went unseen.',
    );
  });

  it('endingWords says that a container which did not run may still start', () => {
    const late = condition('StopConfirmed', 'it refuses to start after 10:02', { status: 'Unknown' });
    const over = session({ phase: 'Cancelled', runs: [run({ reason: 'Cancelled' })], conditions: [late] });
    expect(endingWords(over).lines[0]).toBe(
      'Session s is cancelled before it ran; its container may still start: it refuses to start after 10:02.',
    );
  });

  it('endingWords puts each reason of a refusal on its own line', () => {
    const message = 'DebugPolicy default does not allow this: image x is not allowed; ttl "9h" is longer';
    const failed = session({ phase: 'Failed', conditions: [condition('Failed', message)] });
    expect(endingWords(failed)).toEqual({
      lines: [
        'Session s failed:',
        '  DebugPolicy default does not allow this:',
        '    image x is not allowed',
        '    ttl "9h" is longer',
        record,
      ],
      exitCode: 1,
    });
  });
});

describe('refusalOf', () => {
  it.each([
    ['Error from server (NotFound): pods "x" not found\n', 'NotFound', ['pods "x" not found']],
    // kubectl logs of 1.36.
    [
      'error: error from server (NotFound): pods "x" not found in namespace "shop"\n',
      'NotFound',
      ['pods "x" not found in namespace "shop"'],
    ],
    [
      'Error from server (Forbidden): error when creating "STDIN": debugsessions.debugsession.dev is forbidden: User "eve" cannot create resource',
      'Forbidden',
      ['debugsessions.debugsession.dev is forbidden: User "eve" cannot create resource'],
    ],
    [
      'The DebugSession "a" is invalid: \n* spec.ttl: Invalid value: "0s"\n* spec.image: Required value\n',
      'Other',
      ['spec.ttl: Invalid value: "0s"', 'spec.image: Required value'],
    ],
    [
      `Error from server (Forbidden): error when creating "STDIN": debugsessions.debugsession.dev "web-x" is forbidden: ValidatingAdmissionPolicy 'debugsession-verdict' with binding 'debugsession-verdict' denied request: DebugPolicy tight does not allow this: image x is not allowed; ttl 9h is longer than ttl.max (4h)`,
      'Forbidden',
      ['DebugPolicy tight does not allow this:', 'image x is not allowed', 'ttl 9h is longer than ttl.max (4h)'],
    ],
    ['error: context "x" does not exist', 'Other', ['context "x" does not exist']],
    [
      'Error from server (BadRequest): error when creating "STDIN": DebugSession in version "v1alpha1" cannot be handled as a DebugSession: strict decoding error: unknown field "spec.attachers"',
      'Other',
      [
        'the DebugSession of this cluster has no field spec.attachers: it is older than this kubectl dbg, or the name is mistyped',
      ],
    ],
    ['', 'Other', ['kubectl failed with exit code 3 and said nothing']],
    ['Warning: old\nError from server (Conflict): x\u001b]0;y\u0007z', 'Other', ['x ]0;y z']],
  ])('refusalOf reads the refusal %j', (said, kind, lines) => {
    expect(refusalOf(said, 3)).toEqual({ kind, lines });
  });

  it.each([
    'error: the server doesn\'t have a resource type "debugsessions"',
    'Error from server (NotFound): the server could not find the requested resource',
    'error: no matches for kind "DebugSession" in version "debugsession.dev/v1alpha1"',
  ])('refusalOf says that DebugSession is not installed: %s', (said) => {
    expect(refusalOf(said, 1)).toMatchObject({
      kind: 'NotInstalled',
      lines: [expect.stringContaining('not installed')],
    });
  });
});

describe('pods', () => {
  const pod = (annotations: Record<string, string>): Parameters<typeof defaultContainer>[0] => ({
    metadata: { name: 'web', annotations },
    spec: { containers: [{ name: 'app' }, { name: 'proxy' }] },
  });

  it('the default container is that of the annotation if it exists, and else the first container', () => {
    expect(defaultContainer(pod({ 'kubectl.kubernetes.io/default-container': 'proxy' }))).toBe('proxy');
    expect(defaultContainer(pod({ 'kubectl.kubernetes.io/default-container': 'gone' }))).toBe('app');
    expect(defaultContainer(pod({}))).toBe('app');
  });

  it('isPodOf finds the pods of a workload by their owners alone', () => {
    const owned = (kind: string, name: string, labels = {}): Parameters<typeof isPodOf>[0] => ({
      metadata: { name: 'p', labels, ownerReferences: [{ apiVersion: 'apps/v1', kind, name }] },
      spec: { containers: [] },
    });
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } as const;
    expect(isPodOf(owned('ReplicaSet', 'web-7c9f', { 'pod-template-hash': '7c9f' }), deployment)).toBe(true);
    expect(isPodOf(owned('ReplicaSet', 'web-api-7c9f', { 'pod-template-hash': '7c9f' }), deployment)).toBe(false);
    expect(isPodOf(owned('ReplicaSet', 'web-7c9f'), deployment)).toBe(false);
    const statefulSet = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' } as const;
    expect(isPodOf(owned('StatefulSet', 'db'), statefulSet)).toBe(true);
    expect(isPodOf(owned('DaemonSet', 'db'), statefulSet)).toBe(false);
  });
});

it.each([
  [0, '0s'],
  [133_000, '2m13s'],
  [3_600_000, '1h'],
  [3_605_000, '1h'],
  [90_061_000, '1d1h'],
])('lengthOfTime writes %d ms as %s', (ms, text) => {
  expect(lengthOfTime(ms)).toBe(text);
});

it('sessionName makes a name that fits out of any name of a pod', () => {
  expect(sessionName('web', () => 0)).toBe('web-bbbbb');
  const long = sessionName(`${'a'.repeat(56)}.${'b'.repeat(100)}`, () => 0.999);
  expect(long).toBe(`${'a'.repeat(56)}-99999`);
});

describe('Progress', () => {
  function progress(more: object): { lines: () => string; at: (ms: number) => void; shown: Progress } {
    let text = '';
    let now = 0;
    const stream = { write: (part: string) => (text += part), ...more };
    return { lines: () => text, at: (ms) => (now = ms), shown: new Progress(stream, () => now) };
  }

  it('Progress writes each change once on its own line without a terminal', () => {
    const { shown, lines } = progress({});
    shown.wait('a');
    shown.wait('a');
    shown.wait('b\u001b[2J');
    shown.say('c');
    shown.done();
    expect(lines()).toBe('a\nb [2J\nc\n');
  });

  it('Progress changes one line on a terminal, cut to its width', () => {
    const { shown, lines } = progress({ isTTY: true, columns: 30 });
    shown.wait('x'.repeat(50));
    shown.done();
    expect(lines()).toBe(`\r\u001b[K${'x'.repeat(26)}...\r\u001b[K`);
  });

  it('Progress writes no wait while another program has the terminal', async () => {
    const { shown, lines } = progress({ isTTY: true });
    await shown.mutedDuring(async () => shown.wait('a'));
    expect(lines()).toBe('');
  });
});

describe('story', () => {
  const memoryOf = (peakMemory?: Run['peakMemory']): string[] => {
    const told = session({ phase: 'Completed', runs: [run({ state: 'Ended', ...(peakMemory && { peakMemory }) })] });
    return story(told, { now: NOW, after: { kind: 'unknown' } }).filter((line) => line.includes('memory'));
  };

  it('the story names a service account with its namespace', () => {
    const attachers = [
      { kind: 'User', name: 'olga' },
      { kind: 'ServiceAccount', name: 'agent', namespace: 'tools' },
    ] as const;
    const told = session({ phase: 'Running', runs: [run({ policyName: 'p', attachers: [...attachers] })] });
    const lines = story(told, { now: NOW, after: { kind: 'unknown' } });
    expect(lines.filter((line) => line.includes('come in as well'))).toEqual([
      '  allowed   by policy p; may come in as well: user olga, serviceaccount tools/agent',
    ]);
  });

  it('the story says of the memory of a run what was sampled, and nothing without a sample', () => {
    expect(memoryOf({ bytes: 12 * 2 ** 20 + 1, samples: 4 })).toEqual([
      '  memory    13 MiB in the highest of 4 samples',
    ]);
    expect(memoryOf({ bytes: 1, samples: 1 })).toEqual(['  memory    1 MiB in the highest of 1 sample']);
    expect(memoryOf()).toEqual([]);
  });
});
