import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { argocdHealth, type Health, healthScript } from '../support/documents/argocd-health.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const fixtures = 'test/unit/fixtures/sessions';

/**
 * Every fixture, and what Argo CD must make of it. The message: its beginning. All but `without-status` are recorded
 * from a real kubelet by test/e2e/argocd-health.test.ts (RECORD_SESSIONS=1, then prettier).
 */
const EXPECTED: Record<string, Health> = {
  'without-status': { status: 'Progressing', message: 'waiting for the operator' },
  'not-seen-yet': { status: 'Progressing', message: 'waiting for the operator' },
  'pending-pod-not-found': {
    status: 'Progressing',
    message: 'Pending, PodNotFound: There is no pod web-7c9f in namespace',
  },
  starting: { status: 'Progressing', message: 'Starting, Injecting: ' },
  'starting-image-pull': {
    status: 'Progressing',
    message: 'Starting, ImagePullFailed: failed to pull and unpack image',
  },
  running: { status: 'Healthy', message: 'Running: Container debug-' },
  'running-spec-changed': { status: 'Progressing', message: 'waiting for the operator' },
  ending: { status: 'Progressing', message: 'Ending, Stopping: The operator ends container debug-' },
  'ending-not-confirmed': { status: 'Degraded', message: 'Ending, ProcessSurvived: Container debug-' },
  cancelled: {
    status: 'Healthy',
    message: 'Cancelled: The operator ended it with signals from inside the container, because the session was',
  },
  'cancelled-before': {
    status: 'Healthy',
    message: 'Cancelled: The session was cancelled before a container was injected',
  },
  completed: { status: 'Healthy', message: 'Completed, Exited: The command ended by itself, exit code 0' },
  'completed-exit-1': { status: 'Healthy', message: 'Completed, Exited: The command ended by itself, exit code 1' },
  'completed-pod-gone': { status: 'Healthy', message: 'Completed, PodGone: ' },
  expired: { status: 'Healthy', message: 'Expired: The supervisor ended it after 2s' },
  'failed-refused': {
    status: 'Degraded',
    message: 'Failed, PodSecurityDenied: pods "web-7c9f" is forbidden: violates',
  },
  'failed-start-timeout': {
    status: 'Degraded',
    message: 'Failed, ImagePullFailed: The container did not run within 25s: ',
  },
  'failed-started-late': { status: 'Degraded', message: 'Failed, StartedLate: The container started after its run' },
  'attempt-raised': { status: 'Progressing', message: 'waiting for the operator' },
  'second-attempt-pending': { status: 'Progressing', message: 'Pending, PodNotFound: There is no pod mortal' },
  'second-attempt-running': { status: 'Healthy', message: 'Running: Container debug-' },
};

function fixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(repositoryPath(`${fixtures}/${name}.json`), 'utf8')) as Record<string, unknown>;
}

describe('health in Argo CD', () => {
  it.each(Object.entries(EXPECTED))(
    'Argo CD gives the expected health and message for the recorded session %s',
    (name, expected) => {
      const { status, message } = argocdHealth(fixture(name));
      expect(status).toBe(expected.status);
      expect(message.slice(0, expected.message.length)).toBe(expected.message);
    },
  );

  it('the test expects a health for every recorded session', () => {
    const names = readdirSync(repositoryPath(fixtures)).map((file) => file.replace(/\.json$/, ''));
    expect(Object.keys(EXPECTED).sort()).toEqual(names.sort());
  });

  it.each([
    ['no generation', { metadata: {} }],
    ['a status without conditions', { metadata: { generation: 1 }, status: { observedGeneration: 1 } }],
    [
      'a condition without reason',
      { metadata: {}, status: { observedGeneration: 1, conditions: [{ type: 'Running' }] } },
    ],
  ])('Argo CD shows Progressing, and no error, for an object with %s', (_, object) => {
    expect(argocdHealth(object).status).toBe('Progressing');
  });

  it.each(['Complete', 'Failed'])(
    'Argo CD shows Progressing while %s is True of one attempt, and the next one has not begun',
    (type) => {
      const over = { type, status: 'True', reason: 'Exited', message: 'The command ended by itself' };
      const next = { type: 'Reconciling', status: 'True', reason: 'PreviousRunNotOver', message: 'attempt 2 is next' };
      const status = { phase: 'Completed', observedGeneration: 2, conditions: [over, next] };
      expect(argocdHealth({ metadata: { generation: 2 }, status })).toEqual({
        status: 'Progressing',
        message: 'Completed, PreviousRunNotOver: attempt 2 is next',
      });
    },
  );

  it('Argo CD shows a message in any language, with quotes and line breaks', () => {
    const message = 'größer "als" \\n\nnichts';
    const conditions = [{ type: 'Failed', status: 'True', reason: 'Invalid', message }];
    const status = { phase: 'Failed', observedGeneration: 1, conditions };
    expect(argocdHealth({ metadata: { generation: 1 }, status }).message).toBe(`Failed, Invalid: ${message}`);
  });
});

describe('the snippet for argocd-cm', () => {
  it('argocd-cm.yaml holds the health script word for word, under the key that Argo CD reads', () => {
    const text = readFileSync(repositoryPath('config/argocd/argocd-cm.yaml'), 'utf8');
    const { data } = parse(text) as { data: Record<string, string> };
    expect(data).toEqual({ 'resource.customizations.health.debugsession.dev_DebugSession': healthScript() });
  });
});
