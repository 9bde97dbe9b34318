import { type CreateCase, IMAGE, spec, wrong } from './table.ts';

const TOO_MANY_BYTES = 'may have 16384 bytes in all';

/** Containers whose fields are each as long as they may be, and too long together. */
export const TOO_LONG: CreateCase[] = [
  wrong(
    'more words than a pod should have to keep',
    {
      command: ['x'.repeat(10_000)],
      args: ['ä'.repeat(3_000)],
      env: [{ name: 'V', value: 'x'.repeat(384 - IMAGE.length) }],
    },
    'spec: Invalid value: image, command, args, env, envFrom, volumeMounts, workingDir and securityContext may have 16384 bytes in all, because the pod keeps them: put longer text into an image',
  ),
  wrong(
    'more names of secrets than a pod should have to keep',
    {
      env: Array.from({ length: 100 }, (_, i) => ({
        name: `V${i}`,
        valueFrom: { secretKeyRef: { name: 's'.repeat(82), key: 'k'.repeat(82) } },
      })),
    },
    TOO_MANY_BYTES,
  ),
  wrong(
    'more names of config maps',
    {
      env: Array.from({ length: 100 }, (_, i) => ({
        name: `V${i}`,
        valueFrom: { configMapKeyRef: { name: 's'.repeat(82), key: 'k'.repeat(82) } },
      })),
    },
    TOO_MANY_BYTES,
  ),
  wrong(
    'longer sources of variables',
    {
      envFrom: Array.from({ length: 32 }, (_, i) => ({
        prefix: 'P'.repeat(256),
        [i % 2 === 0 ? 'secretRef' : 'configMapRef']: { name: 's'.repeat(253) },
      })),
      workingDir: `/${'x'.repeat(99)}`,
    },
    TOO_MANY_BYTES,
  ),
  wrong(
    'longer places of volumes',
    {
      volumeMounts: Array.from({ length: 20 }, (_, i) => ({ name: `v${i}`, mountPath: `/${i}${'x'.repeat(820)}` })),
    },
    TOO_MANY_BYTES,
  ),
  wrong(
    'a longer security context, working directory, image and target',
    {
      target: { podName: 'web', containerName: 'c'.repeat(63) },
      image: 'i'.repeat(1_024),
      workingDir: `/${'x'.repeat(4_000)}`,
      securityContext: {
        capabilities: {
          add: Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(64, 'A')),
          drop: Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(64, 'A')),
        },
        seccompProfile: { type: 'Localhost', localhostProfile: 'p'.repeat(1_024) },
      },
      command: ['x'.repeat(2_100)],
    },
    TOO_MANY_BYTES,
  ),
  wrong(
    'one byte too many with the longest image and name of a container',
    {
      target: { podName: 'web', containerName: 'c'.repeat(63) },
      image: 'i'.repeat(1_024),
      command: ['x'.repeat(15_298)],
    },
    TOO_MANY_BYTES,
  ),
];

/** A container that is as long as it may be. */
export const LONGEST: CreateCase[] = [
  {
    what: 'a short image, and as many words as a pod may keep',
    spec: spec({ command: ['x'.repeat(10_000)], args: ['y'.repeat(6_384 - IMAGE.length)] }),
  },
];
