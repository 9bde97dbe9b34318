import { IMAGE, type Manifest, MINIMAL, spec, type UpdateCase } from './table.ts';

const FULL: Manifest = spec({
  command: ['sh'],
  args: ['-c', 'ps'],
  env: [{ name: 'A', value: '1' }],
  envFrom: [{ secretRef: { name: 'a' } }],
  volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }],
  workingDir: '/tmp',
  imagePullPolicy: 'Always',
  stdin: true,
  tty: true,
  profile: 'general',
  securityContext: { runAsUser: 0 },
  supervisor: 'Shell',
  policyName: 'default',
  justification: 'INC-1',
  attachers: [{ kind: 'Group', name: 'team-shop' }],
});

const OTHER: Manifest = {
  image: 'busybox:1.37',
  command: ['bash'],
  args: ['-c', 'ls'],
  env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: 'A' } } }],
  envFrom: [{ secretRef: { name: 'b' } }],
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  workingDir: '/',
  imagePullPolicy: 'Never',
  stdin: false,
  tty: false,
  profile: 'baseline',
  securityContext: { runAsUser: 1 },
  supervisor: 'None',
  policyName: 'other',
  justification: 'INC-2',
  attachers: [{ kind: 'Group', name: 'team-cart' }],
};

/** The message for frozen fields that one change touches. */
function frozen(...fields: string[]): string {
  const isOne = fields.length === 1 && !['args', 'attachers', 'volumeMounts'].includes(fields[0] ?? '');
  return `spec: Forbidden: ${fields.join(', ')} ${isOne ? 'is' : 'are'} frozen until the next attempt: raise attempt in the same change`;
}

/** The message for `field`, which `changed` and `without` touch; stdin and tty go together. */
function frozenWith(field: string): string {
  return field === 'stdin' ? frozen('stdin', 'tty') : frozen(field);
}

/** `field` with another value; stdin and tty go together. */
function changed(field: string): Manifest {
  return field === 'stdin' ? { ...FULL, stdin: false, tty: false } : { ...FULL, [field]: OTHER[field] };
}

function without(field: string): Manifest {
  return Object.fromEntries(
    Object.entries(FULL).filter(([name]) => name !== field && !(field === 'stdin' && name === 'tty')),
  );
}

const FROZEN: UpdateCase[] = Object.keys(OTHER).map((field) => ({
  what: `${field} changed`,
  spec: FULL,
  to: changed(field),
  message: frozenWith(field),
}));

const TAKEN_AWAY: UpdateCase[] = Object.keys(OTHER)
  .filter((field) => field !== 'image' && field !== 'command')
  .map((field) => ({ what: `${field} taken away`, spec: FULL, to: without(field), message: frozenWith(field) }));

const ADDED: UpdateCase[] = Object.keys(OTHER)
  .filter((field) => !['image', 'args', 'tty'].includes(field))
  .map((field) => ({
    what: `${field} added`,
    spec: MINIMAL,
    to: spec({ [field]: OTHER[field] }),
    message: frozen(field),
  }));

const SEVERAL: UpdateCase[] = [
  {
    what: 'all that is frozen changed at once',
    spec: FULL,
    status: standing('Running'),
    to: { ...FULL, ...OTHER },
    message: frozen(...Object.keys(OTHER)),
  },
  {
    what: 'all that is frozen taken away at once',
    spec: FULL,
    status: standing('Completed'),
    to: MINIMAL,
    message: frozen(...Object.keys(OTHER).filter((field) => field !== 'image')),
  },
];

const IMMUTABLE = 'spec.target: Forbidden: target is immutable: create another DebugSession for another pod';

const TARGET: UpdateCase[] = [
  { what: 'another pod', spec: MINIMAL, to: spec({ target: { podName: 'api-1' } }), message: IMMUTABLE },
  {
    what: 'another pod with the next attempt',
    spec: MINIMAL,
    to: spec({ target: { podName: 'api-1' }, attempt: 2 }),
    message: IMMUTABLE,
  },
  {
    what: 'a container added',
    spec: MINIMAL,
    to: spec({ target: { podName: 'web-7c9f', containerName: 'app' } }),
    message: IMMUTABLE,
  },
  {
    what: 'a workload instead of a pod',
    spec: MINIMAL,
    to: spec({ target: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } }),
    message: IMMUTABLE,
  },
];

/** A session whose run `attempt` stands in `phase`. */
function standing(phase: string, attempt = 1): Manifest {
  return { phase, attempt, observedGeneration: 1 };
}

const ATTEMPT: UpdateCase[] = [
  ...['Pending', 'Starting', 'Running', 'Ending', 'Completed', 'Expired', 'Cancelled', 'Failed'].map((phase) => ({
    what: `attempt raised while ${phase}`,
    spec: MINIMAL,
    status: standing(phase),
    to: spec({ attempt: 2 }),
  })),
  {
    what: 'attempt raised while cancel is true',
    spec: spec({ cancel: true }),
    status: standing('Cancelled'),
    to: spec({ cancel: true, attempt: 2 }),
    message:
      'spec.attempt: Forbidden: attempt cannot be raised while cancel is true: set cancel to false, or leave it out, in the same change',
  },
  {
    what: 'attempt raised in the change that sets cancel',
    spec: MINIMAL,
    status: standing('Completed'),
    to: spec({ cancel: true, attempt: 2 }),
    message: 'spec.attempt: Forbidden: attempt cannot be raised while cancel is true',
  },
  {
    what: 'attempt raised with cancel set back',
    spec: spec({ cancel: true }),
    status: standing('Cancelled'),
    to: spec({ cancel: false, attempt: 2 }),
  },
  {
    what: 'cancel set while Running',
    spec: MINIMAL,
    status: standing('Running'),
    to: spec({ cancel: true }),
  },
  {
    what: 'another fate for container and pod while Running',
    spec: MINIMAL,
    status: standing('Running'),
    to: spec({ ifUnstoppable: 'EvictPod', podAfterSession: 'Evict' }),
  },
  { what: 'attempt raised before the operator has looked', spec: MINIMAL, to: spec({ attempt: 2 }) },
  { what: 'attempt raised by more than one', spec: MINIMAL, status: standing('Failed'), to: spec({ attempt: 7 }) },
  {
    what: 'attempt raised with everything else changed',
    spec: FULL,
    status: standing('Completed'),
    to: { ...FULL, ...OTHER, attempt: 2 },
  },
  {
    what: 'attempt raised with everything else taken away',
    spec: FULL,
    status: standing('Completed'),
    to: spec({ attempt: 2 }),
  },
  {
    what: 'attempt raised with everything else changed while Running',
    spec: FULL,
    status: standing('Running'),
    to: { ...FULL, ...OTHER, attempt: 2 },
  },
  ...[
    { when: 'before the operator has looked' },
    { when: 'while Running', status: standing('Running') },
    { when: 'after the end', status: standing('Completed') },
  ].map(({ when, ...given }) => ({
    ...given,
    what: `attempt raised with more words than a pod should have to keep, ${when}`,
    spec: MINIMAL,
    to: spec({ attempt: 2, command: ['x'.repeat(16_000)], args: ['y'.repeat(400)] }),
    message:
      'image, command, args, env, envFrom, volumeMounts, workingDir and securityContext may have 16384 bytes in all, because the pod keeps them: put longer text into an image',
  })),
  {
    what: 'attempt raised with as many words as a pod may keep',
    spec: MINIMAL,
    status: standing('Completed'),
    to: spec({ attempt: 2, command: ['x'.repeat(16_000)], args: ['y'.repeat(384 - IMAGE.length)] }),
  },
  {
    what: 'image changed of an attempt that waits for a run',
    spec: spec({ attempt: 2 }),
    status: standing('Running'),
    to: spec({ attempt: 2, image: 'other:1' }),
    message: 'image is frozen until the next attempt',
  },
  {
    what: 'attempt lowered while Running, as a revert in Git does',
    spec: spec({ attempt: 2 }),
    status: standing('Running', 2),
    to: spec({ attempt: 1 }),
  },
  {
    what: 'attempt lowered with the image of then',
    spec: spec({ attempt: 2 }),
    status: standing('Running', 2),
    to: spec({ attempt: 1, image: 'busybox:1.35' }),
  },
  {
    what: 'the revert taken back while the run still lives',
    spec: spec({ attempt: 1 }),
    status: standing('Running', 2),
    to: spec({ attempt: 2 }),
  },
  {
    what: 'attempt raised over a revert while the run still lives',
    spec: spec({ attempt: 1 }),
    status: standing('Running', 2),
    to: spec({ attempt: 3 }),
  },
  { what: 'the same again, as a re-sync sends it', spec: FULL, status: standing('Running'), to: FULL },
];

const ANY_TIME: UpdateCase[] = [
  {
    what: 'ttl changed while Running',
    spec: spec({ ttl: '30m' }),
    status: standing('Running'),
    to: spec({ ttl: '1h' }),
  },
  { what: 'ttl added while Running', spec: MINIMAL, status: standing('Running'), to: spec({ ttl: '1h' }) },
  { what: 'ttl taken away', spec: spec({ ttl: '30m' }), status: standing('Running'), to: MINIMAL },
  {
    what: 'ttl changed to nonsense',
    spec: spec({ ttl: '30m' }),
    to: spec({ ttl: '0s' }),
    message: 'spec.ttl: Invalid value: "0s": must be at least 1s',
  },
  { what: 'pendingTimeout changed', spec: MINIMAL, status: standing('Pending', 0), to: spec({ pendingTimeout: '1h' }) },
  { what: 'startTimeout changed', spec: MINIMAL, status: standing('Starting'), to: spec({ startTimeout: '1h' }) },
  ...['Running', 'Completed', 'Failed'].map((phase) => ({
    what: `ttlAfterFinished added while ${phase}`,
    spec: MINIMAL,
    status: standing(phase),
    to: spec({ ttlAfterFinished: '24h' }),
  })),
  {
    what: 'ttlAfterFinished lengthened after the end',
    spec: spec({ ttlAfterFinished: '1m' }),
    status: standing('Completed'),
    to: spec({ ttlAfterFinished: '24h' }),
  },
  {
    what: 'ttlAfterFinished taken away after the end',
    spec: spec({ ttlAfterFinished: '1m' }),
    status: standing('Completed'),
    to: MINIMAL,
  },
  {
    what: 'ttlAfterFinished changed to nonsense',
    spec: spec({ ttlAfterFinished: '1m' }),
    to: spec({ ttlAfterFinished: 'never' }),
    message: 'spec.ttlAfterFinished: Invalid value: "never": must be a duration such as 0s, 30m or 24h',
  },
  {
    what: 'notAfter changed',
    spec: MINIMAL,
    status: standing('Running'),
    to: spec({ notAfter: '2026-12-01T00:00:00Z' }),
  },
];

export const UPDATES: UpdateCase[] = [
  ...FROZEN,
  ...TAKEN_AWAY,
  ...ADDED,
  ...SEVERAL,
  ...TARGET,
  ...ATTEMPT,
  ...ANY_TIME,
];
