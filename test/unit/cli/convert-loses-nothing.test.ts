import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import { convert } from '../../../src/cli/convert.ts';

/** Every value in it, by its path, written as the messages write paths. Nothing (null, empty) is no value. */
function leaves(value: unknown, path = ''): [path: string, leaf: unknown][] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value !== 'object') return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  return Object.entries(value).flatMap(([key, item]) => leaves(item, path === '' ? key : `${path}.${key}`));
}

const word = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('yes', '1:30', '$(A)', 'a b', '-', '0x1'));
const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,5})$/);
const anything = fc.jsonValue({ maxDepth: 2 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const container = fc
  .record({
    name: label,
    image: fc.constantFrom('busybox:1.36', 'x@sha256:00'),
    command: optional(fc.array(word, { maxLength: 3 })),
    args: optional(fc.array(word, { maxLength: 3 })),
    env: optional(
      fc.array(
        fc.record(
          {
            name: fc.constantFrom('A', 'B', 'C'),
            value: word,
            valueFrom: fc.constantFrom(
              { fieldRef: { fieldPath: 'x' } },
              { secretKeyRef: { name: 's', key: 'k', optional: false } },
              { configMapKeyRef: { name: 'c', key: '..' } },
              {},
              null,
            ),
            other: fc.integer(),
          },
          { requiredKeys: ['name'] },
        ),
        { maxLength: 4 },
      ),
    ),
    envFrom: optional(
      fc.array(
        fc.record(
          {
            prefix: fc.constantFrom('A', '=', ''),
            secretRef: fc.constantFrom({ name: 's', optional: true }, { name: 'S' }, {}),
            configMapRef: fc.record({ name: label, odd: anything }, { requiredKeys: ['name'] }),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
    ),
    volumeMounts: optional(
      fc.array(
        fc.record(
          {
            name: label,
            mountPath: fc.constantFrom('/a', '/b', 'c', '/dev/x'),
            readOnly: fc.boolean(),
            subPath: fc.constantFrom('', 'x'),
            odd: anything,
          },
          { requiredKeys: ['name', 'mountPath'] },
        ),
        { maxLength: 3 },
      ),
    ),
    workingDir: optional(fc.constantFrom('/tmp', 'tmp', '')),
    imagePullPolicy: optional(fc.constantFrom('Always', 'Odd')),
    stdin: optional(fc.boolean()),
    tty: optional(fc.boolean()),
    targetContainerName: optional(label),
    securityContext: optional(
      fc.record(
        {
          runAsUser: fc.integer({ min: -5, max: 2 ** 33 }),
          privileged: fc.boolean(),
          capabilities: fc.record({ add: fc.array(word), drop: fc.array(word), odd: anything }, { requiredKeys: [] }),
          seccompProfile: fc.record(
            { type: fc.constantFrom('RuntimeDefault', 'Odd'), localhostProfile: word, odd: anything },
            { requiredKeys: [] },
          ),
          seLinuxOptions: anything,
        },
        { requiredKeys: [] },
      ),
    ),
    stdinOnce: optional(anything),
    ports: optional(anything),
    resources: optional(anything),
    volumeDevices: optional(anything),
    lifecycle: optional(anything),
  })
  .chain((known) =>
    fc
      .dictionary(fc.stringMatching(/^x[a-z]{1,4}$/), anything, { maxKeys: 2 })
      .map((unknown) => ({ ...unknown, ...known })),
  );

const pod = fc.record(
  {
    apiVersion: fc.constant('v1'),
    kind: fc.constant('EphemeralContainers'),
    metadata: fc.record({ name: label, namespace: label, labels: anything, uid: word }, { requiredKeys: ['name'] }),
    ephemeralContainers: fc.array(container, { minLength: 1, maxLength: 3 }),
    extra: anything,
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata', 'ephemeralContainers'] },
);

/** Where the session must have what stands at this path of its container; undefined: nowhere. */
function expectedAt(field: string): string | undefined {
  if (/^(image|command|args|workingDir|imagePullPolicy|stdin|tty|securityContext)\b/.test(field)) return field;
  return field === 'targetContainerName' ? 'target.containerName' : undefined;
}

type Entry = Record<string, unknown>;
type Input = { ephemeralContainers: Record<string, Entry[] | undefined>[] };
type Session = { metadata: unknown; spec: Record<string, Entry[] | undefined> };

/** Container and field of a path, or undefined for what stands above the containers. */
function inContainer(path: string): { index: number; field: string } | undefined {
  const [, index, field] = /^ephemeralContainers\[(\d+)\]\.(.*)$/s.exec(path) ?? [];
  return field === undefined ? undefined : { index: Number(index), field };
}

function expectTakenOver(
  path: string,
  leaf: unknown,
  { input, sessions }: { input: Input; sessions: Session[] },
): void {
  const at = inContainer(path);
  if (at === undefined) {
    expect(path).toMatch(/^(apiVersion|kind|metadata\.name|metadata\.namespace)$/);
    if (path.startsWith('metadata'))
      for (const one of sessions) expect(JSON.stringify(one)).toContain(JSON.stringify(leaf));
    return;
  }
  const { index, field } = at;
  const spec = sessions[index]?.spec;
  const [, list = '', entry = '', rest = ''] = /^(env|envFrom|volumeMounts)\[(\d+)\]\.(.*)$/.exec(field) ?? [];
  if (list !== '') {
    const said = input.ephemeralContainers[index]?.[list]?.[Number(entry)] ?? {};
    const same = (one: Entry) => (['name', 'mountPath'] as const).every((key) => one[key] === said[key]);
    const candidates = (spec?.[list] ?? []).filter(same);
    expect(candidates.map((one) => new Map(leaves(one)).get(rest))).toContainEqual(leaf);
  } else if (field !== 'name') {
    expect([path, new Map(leaves(spec)).get(expectedAt(field) ?? 'nowhere')]).toEqual([path, leaf]);
  }
}

it('every value of the input is either in a session or on the list of values left out', () => {
  fc.assert(
    fc.property(pod, fc.boolean(), (generated, asYaml) => {
      const json = JSON.stringify(generated);
      const input = JSON.parse(json) as Input;
      // The library writes this key without quotes, and then it is a merge.
      const hasMerge = json.includes('"<<":');
      const result = convert(asYaml && !hasMerge ? stringify(input, { version: '1.1' }) : json, 'f');
      if (result.kind !== 'converted') throw new Error(result.faults.join('\n'));
      const sessions = parseAllDocuments(result.yaml, { version: '1.1' }).map((one) => one.toJS() as Session);
      expect(sessions).toHaveLength(input.ephemeralContainers.length);
      const listed = result.leftOut.map((line) => /line \d+: (\S+): /.exec(line)?.[1] ?? '');
      const covered = (path: string) =>
        listed.some((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`));

      for (const [path, leaf] of leaves(input)) if (!covered(path)) expectTakenOver(path, leaf, { input, sessions });
      for (const { index, field } of listed.flatMap((path) => inContainer(path) ?? [])) {
        const target = expectedAt(field);
        // `tty: false` may be said of a session although `tty: true` was left out.
        if (target === undefined || target === 'tty') continue;
        expect(new Map(leaves(sessions[index]?.spec)).has(target)).toBe(false);
      }
    }),
    { numRuns: 80 },
  );
});
