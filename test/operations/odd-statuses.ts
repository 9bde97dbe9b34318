import fc from 'fast-check';

// What a kubelet might write of a container that is not its own idea of a status: holes, huge words, times out of
// order, counts that jump.

const word = fc.oneof(
  fc.constantFrom('', 'ContainerCreating', 'CrashLoopBackOff', 'Completed', 'Error', 'OOMKilled', 'Odd', 'constructor'),
  fc.constantFrom(
    '\u001b[2J\u001b]0;owned\u0007',
    'one\ntwo\r\nthree',
    '\u202etxet',
    '\u0000nul\u0085',
    'x'.repeat(30_000),
  ),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);
const time = fc.constantFrom(
  '1970-01-01T00:00:00Z',
  '2001-02-03T04:05:06Z',
  '2026-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '2026-02-29T12:00:00Z',
  null,
);
const number = fc.constantFrom(0, 1, 5, 137, 255, 2 ** 31 - 1, -1, -(2 ** 31));

const state = fc.oneof(
  fc.constant({}),
  fc.record({ waiting: fc.record({ reason: word, message: word }, { requiredKeys: [] }) }),
  fc.record({ running: fc.record({ startedAt: time }, { requiredKeys: [] }) }),
  fc.record({
    terminated: fc.record(
      {
        exitCode: number,
        signal: number,
        reason: word,
        message: word,
        startedAt: time,
        finishedAt: time,
        containerID: word,
      },
      { requiredKeys: ['exitCode'] },
    ),
  }),
  fc.constant({ waiting: {}, running: {}, terminated: { exitCode: 0 } }),
  fc.constant({ paused: { since: '2026-01-01T00:00:00Z' } }),
);

const container = fc.record(
  {
    state,
    lastState: state,
    ready: fc.boolean(),
    started: fc.boolean(),
    restartCount: fc.constantFrom(0, 1, 7, 2 ** 31 - 1),
    containerID: fc.oneof(fc.constantFrom('containerd://a', 'containerd://b', 'docker://', '://'), word),
    imageID: word,
    image: word,
  },
  { requiredKeys: ['ready', 'restartCount', 'image', 'imageID'] },
);

/** A pod's status, with the place for the name of the debug container left open. */
export interface OddStatus {
  /** Of the debug container; absent: the kubelet says nothing of it. */
  own?: object;
  /** Of a container that nobody knows. */
  stranger?: object;
  app?: object;
  phase?: string;
  reason?: string;
  message?: string;
}

const oddStatus: fc.Arbitrary<OddStatus> = fc.record(
  {
    own: container,
    stranger: container,
    app: container,
    phase: fc.constantFrom('Running', 'Pending', 'Unknown', 'Odd', ''),
    reason: word,
    message: word,
  },
  { requiredKeys: [] },
);

/** So many lives of a container, each a few statuses, the same for the same seed. */
export function oddLives(count: number, seed: number): OddStatus[][] {
  return fc.sample(fc.array(oddStatus, { minLength: 2, maxLength: 6 }), { numRuns: count, seed });
}

/** As `pods/status` takes it. */
export function bodyOf(odd: OddStatus, name: string): object {
  const { own, stranger, app, ...rest } = odd;
  const ephemeral = [
    ...(stranger === undefined ? [] : [{ ...stranger, name: 'nobody' }]),
    ...(own === undefined ? [] : [{ ...own, name }]),
  ];
  return {
    status: {
      ...rest,
      ephemeralContainerStatuses: ephemeral,
      ...(app === undefined ? {} : { containerStatuses: [{ ...app, name: 'app' }] }),
    },
  };
}
