import { describe, expect, it } from '@jest/globals';
import type { PodFacts } from '../../../../src/plugin/triage/facts.ts';
import { findings } from '../../../../src/plugin/triage/findings.ts';
import { logsWanted } from '../../../../src/plugin/triage/logs-wanted.ts';
import { report } from '../../../../src/plugin/triage/report.ts';
import { ofObject, seenEvents } from '../../../../src/plugin/triage/seen-events.ts';
import type { Suggestion } from '../../../../src/plugin/triage/suggest.ts';
import { before, event, factsOf, pod } from '../../../support/builders/triage-facts.ts';

const suggestion: Suggestion = {
  kind: 'session',
  command: 'kubectl dbg web --no-target --policy a-policy-with-a-rather-long-name -n shop',
  why: 'Container app does not run now, so the session joins no container: it has the network of the pod.',
  notes: ['It is not checked against DebugPolicy default: you may not read policies.'],
};

function told(facts: PodFacts, width?: number): string[] {
  return report({ facts, found: findings(facts), suggestion, unread: ['Node node-1: you may not read it'] }, width);
}

const crashing = factsOf(
  {
    state: {
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' } },
      lastState: { terminated: { exitCode: 3, reason: 'Error', startedAt: before(12), finishedAt: before(10) } },
    },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'ContainersNotReady',
          message: 'containers with unready status: [app]',
        },
      ],
    },
  },
  [event('BackOff', 'Back-off restarting failed container app in pod web_shop(uid-of-web)')],
  {
    logs: [{ container: 'app', isPrevious: false, lines: ['\u001b[31mcannot open database\u001b[0m'] }],
    workloads: [{ kind: 'ReplicaSet', metadata: { name: 'web-7c9f' } }],
  },
);

describe('report', () => {
  it('the report tells the pod, its containers, what is found, its log, its events, and the session', () => {
    expect(told(crashing)).toEqual([
      'Pod web in namespace shop: Running, 0 of 1 container ready',
      '  created     11m ago, on node node-1',
      '  owner       ReplicaSet web-7c9f',
      '  conditions  Ready False, ContainersNotReady: containers with unready status: [app]',
      '  containers  app: waiting: CrashLoopBackOff; 3 restarts; last exit code 3, 10s ago (the program chose this code: its documentation or its log says why)',
      '',
      '1. Container app ends again and again',
      '  seen        exit code 3 (Error), after 2s, 10s ago, 3 restarts',
      '              CrashLoopBackOff: back-off 40s restarting failed container',
      '  log         [31mcannot open database [0m',
      '  means       The program chose this code: its documentation or its log says why. The kubelet waits longer after each end, up to 5 minutes.',
      '  do          Read its whole log:',
      '                kubectl logs web -c app --previous -n shop',
      '',
      'Events, newest first',
      '  30s         Warning BackOff, pod web (3 times): Back-off restarting failed container app in pod web_shop(uid-of-web)',
      '',
      'Session',
      '  Container app does not run now, so the session joins no container: it has the network of the pod.',
      '    kubectl dbg web --no-target --policy a-policy-with-a-rather-long-name -n shop',
      '  It is not checked against DebugPolicy default: you may not read policies.',
      '',
      'Not looked at',
      '  Node node-1: you may not read it',
    ]);
  });

  it('the report fits into 60 columns, but for commands to copy', () => {
    const lines = told(crashing, 60);
    expect(lines.filter((line) => line.length > 60)).toEqual([`    ${suggestion.command}`]);
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toBe(told(crashing).join(' ').replaceAll(/\s+/g, ' '));
  });

  it('the report says that nothing is wrong', () => {
    expect(told(factsOf())).toContain('Nothing wrong is seen.');
  });

  it('the report prints nothing that a terminal obeys, whoever wrote it', () => {
    const bad = '\u001b[2J\u202eevil\u0007\r\n';
    const facts = factsOf(
      {
        status: { phase: 'Failed', reason: bad, message: bad },
        metadata: { finalizers: [bad] },
        state: { ready: false, state: { terminated: { exitCode: 1, reason: bad, message: bad } } },
        app: { image: bad },
      },
      [event(bad, bad)],
      { logs: [{ container: 'app', isPrevious: true, lines: [bad] }] },
    );
    const text = told(facts);
    expect(text.join('')).toContain('evil');
    // eslint-disable-next-line no-control-regex
    expect(text.filter((line) => /[\u0000-\u001f\u007f-\u009f\u202e]/.test(line))).toEqual([]);
  });

  it('the report shows the newest events, and how many more there are', () => {
    const events = Array.from({ length: 12 }, (_, n) => event(`Reason${n}`, 'x', { lastTimestamp: before(n) }));
    const lines = told(factsOf({}, events));
    expect(lines).toContain('Events, newest first (4 more with -o json)');
    expect(lines.filter((line) => line.includes('Warning Reason'))).toHaveLength(8);
    expect(lines.join('\n')).not.toContain('Reason8');
  });
});

describe('events', () => {
  it('triage leaves out events of a pod that had the name before', () => {
    const old = event('Unhealthy', 'x', { involvedObject: { kind: 'Pod', name: 'web', uid: 'another' } });
    expect(ofObject([old, event('BackOff', 'y')], 'uid-of-web').map(({ reason }) => reason)).toEqual(['BackOff']);
    expect(ofObject([old], undefined)).toHaveLength(1);
  });

  it('triage counts an event once that was read twice', () => {
    const twice = event('BackOff', 'y', { metadata: { uid: 'e' }, count: 2 });
    expect(seenEvents([twice, twice]).map(({ count }) => count)).toEqual([2]);
  });

  it('triage reads the times and counts of old, new and repeated events, and makes one of equal ones', () => {
    const fresh = { eventTime: before(20), lastTimestamp: null, type: 'Warning', count: undefined };
    const events = seenEvents([
      event('FailedScheduling', 'no node', { ...fresh, series: { count: 4, lastObservedTime: before(3) } } as never),
      event('FailedScheduling', 'no node', fresh as never),
      event('Pulled', 'z', { lastTimestamp: before(9) }),
    ]);
    expect(events.map(({ reason, count, at }) => [reason, count, at])).toEqual([
      ['FailedScheduling', 5, Date.parse(before(3))],
      ['Pulled', 3, Date.parse(before(9))],
    ]);
  });
});

describe('logsWanted', () => {
  const terminated = { exitCode: 3 };
  it.each([
    ['none of a pod that is well', {}, []],
    ['the old one of a container that waits', { state: { waiting: {} }, lastState: { terminated } }, [['app', true]]],
    ['the newest of a container that has ended', { state: { terminated } }, [['app', false]]],
    ['the old one of a container that runs again', { restartCount: 1, lastState: { terminated } }, [['app', true]]],
    ['the newest of a container that is not ready', { ready: false }, [['app', false]]],
    ['none of one that never ran', { state: { terminated: { exitCode: 128, reason: 'StartError' } } }, []],
  ])('triage reads these logs: %s', (_, state, expected) => {
    expect(logsWanted(pod({ state })).map(({ container, isPrevious }) => [container, isPrevious])).toEqual(expected);
  });
});
