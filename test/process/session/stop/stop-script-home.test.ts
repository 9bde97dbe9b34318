import { describe, expect, it } from '@jest/globals';
import { readStopAnswer, type Meant, stopCommand, ttlCommand } from '../../../../src/session/stop/stop-script.ts';
import { STOPPED } from '../../../../src/session/container/supervisor.ts';
import { ControlGroup } from '../../../support/shells/control-group.ts';
import { Application } from '../../../support/shells/application.ts';
import { descendants, fingerprint } from '../../../support/shells/processes.ts';
import { CAN_UNSHARE, type Ended, SHELLS, Supervised, type Wish } from '../../../support/shells/supervised.ts';

// Which processes the stop script takes for the container's where an exec does not land in the namespaces that the
// container was given. All of it happens in process namespaces of this test's own: from there no other process of this
// machine can be seen.

const probe = CAN_UNSHARE ? ControlGroup.of(`probe-${process.pid}`) : undefined;
await probe?.remove();
const eachShell = probe === undefined ? it.concurrent.skip.each(SHELLS) : it.concurrent.each(SHELLS);
const SEEN = [
  { hidesGroup: false, what: 'its ID in the path' },
  { hidesGroup: true, what: 'a control group namespace of its own' },
];
const eachSight =
  probe === undefined
    ? it.concurrent.skip.each([])
    : it.concurrent.each(SHELLS.flatMap((shell) => SEEN.map((sight) => ({ ...shell, ...sight }))));

/** An application of three processes. A signal that it gets ends two of them. */
const APPLICATION = ['/bin/sh', '-c', 'sleep 600 & sleep 600 & exec sleep 601'];

interface Pod {
  container: Supervised;
  ended: () => Promise<Ended>;
  /** The processes of the application, each with its start. */
  application: () => string[];
}

/** Runs `use` with a container in the process namespace of an application, and leaves nothing behind. */
async function beside(wish: Wish, use: (pod: Pod) => Promise<void>): Promise<void> {
  const application = new Application(APPLICATION);
  const join = await application.started();
  const container = new Supervised({ unsupervised: true, join, ...wish });
  let end: Promise<Ended> | undefined;
  const ended = (): Promise<Ended> => (end ??= container.ended());
  try {
    const pids = [join, ...descendants(join)];
    expect(pids).toHaveLength(3);
    await use({ container, ended, application: () => pids.map(fingerprint) });
  } finally {
    application.stop();
    await ended();
  }
}

async function stop(container: Supervised, meant: Meant = container.meant): Promise<ReturnType<typeof readStopAnswer>> {
  const { code, stdout } = await container.exec(stopCommand(['sh'], meant));
  return readStopAnswer(stdout, code ?? undefined);
}

/** Its first process enters these namespaces of the application once it is told to. */
function entering(namespaces: string): string[] {
  return [
    'sh',
    '-c',
    `echo up; read -r _; exec /usr/bin/nsenter --target 1 ${namespaces} sh -c "echo in; sleep 60; :"`,
  ];
}

/** The first process is known from before: then it becomes another program. */
async function entered(container: Supervised): Promise<void> {
  await container.sees(/up/);
  expect(container.first).toBeGreaterThan(0);
  container.type('\n');
  await container.sees(/in/);
}

describe('a first process that has entered namespaces of the application', () => {
  eachSight('the $shell stop script ends a process in foreign mounts, with $what', async ({ program, hidesGroup }) => {
    await beside({ program, hidesGroup, command: entering('--mount') }, async ({ container, ended, application }) => {
      await entered(container);
      const before = application();
      await stop(container);
      // Where the exec has landed is the application's termination log: nothing is written there.
      expect(await ended()).toMatchObject({ word: '' });
      expect(application()).toEqual(before);
    });
  });

  eachShell('the $shell stop script ends a process in foreign mounts and control groups', async ({ program }) => {
    const command = entering('--mount --cgroup');
    await beside({ program, hidesGroup: true, command }, async ({ container, ended, application }) => {
      await entered(container);
      const before = application();
      await stop(container);
      expect(await ended()).toMatchObject({ word: '' });
      expect(application()).toEqual(before);
    });
  });

  eachShell('the $shell stop script signals nothing when it cannot tell its control group', async ({ program }) => {
    await beside({ program, command: entering('--mount') }, async ({ container, application }) => {
      await entered(container);
      const before = [...application(), fingerprint(container.first)];
      for (const containerID of [undefined, `containerd://${'0'.repeat(64)}`])
        expect(await stop(container, { ...container.meant, containerID })).toEqual({ answer: 'Blind' });
      expect([...application(), fingerprint(container.first)]).toEqual(before);
      expect(container.log).toBe('');
    });
  });

  eachShell('the $shell stop script writes no ttl into a log of another container', async ({ program }) => {
    await beside({ program, command: entering('--mount') }, async ({ container }) => {
      await entered(container);
      const words = ttlCommand(['sh'], container.meant, { ttlSeconds: 90, lastMoment: Date.now() + 90_000 });
      expect(await container.exec(words)).toEqual({ code: 1, stdout: 'Blind\n' });
      expect(container.log).toBe('');
    });
  });
});

describe('a process of the container', () => {
  const sleeps = 'sh -c "echo in; sleep 60; :"';
  const wanderers = [
    ['the mount namespace of the application', `/usr/bin/nsenter --target 1 --mount ${sleeps}`],
    ['a user namespace and a mount namespace of its own', `/usr/bin/unshare --map-root-user --mount ${sleeps}`],
    ['a process namespace of its own', `/usr/bin/unshare --pid --fork --kill-child ${sleeps}`],
    ["another root, the application's", `/usr/sbin/chroot /proc/1/root ${sleeps}`],
  ].map(([place = '', words = '']) => ({ place, words }));
  const each =
    probe === undefined
      ? it.concurrent.skip.each([])
      : it.concurrent.each(SHELLS.flatMap((shell) => wanderers.map((one) => ({ ...shell, ...one }))));

  each('the $shell stop script finds and ends a process in $place', async ({ program, words }) => {
    const command = ['sh', '-c', `trap "" HUP TERM; ${words} & wait; wait`];
    await beside({ program, command }, async ({ container, ended, application }) => {
      await container.sees(/in/);
      const before = application();
      const others = descendants(container.first);
      expect(others.length).toBeGreaterThan(1);
      await stop(container);
      expect(await ended()).toMatchObject({ word: STOPPED });
      expect(others.map(fingerprint).filter((one) => !/is (dead|gone)$/.test(one))).toEqual([]);
      expect(application()).toEqual(before);
    });
  });

  eachSight('the $shell stop script finds a process in a group below, with $what', async ({ program, hidesGroup }) => {
    const command = ['sh', '-c', 'echo up; read -r to; (echo 0 >$to; trap "" HUP; echo in; sleep 60; :) & wait'];
    await beside({ program, hidesGroup, command }, async ({ container, ended, application }) => {
      await container.sees(/up/);
      const before = application();
      container.type(`${container.group?.below()}\n`);
      await container.sees(/in/);
      const others = descendants(container.first);
      expect(await stop(container)).toEqual({ answer: 'Survived', processes: 0 });
      expect(await ended()).toMatchObject({ word: STOPPED });
      expect(others.map(fingerprint).filter((one) => !/is (dead|gone)$/.test(one))).toEqual([]);
      expect(application()).toEqual(before);
    });
  });
});

describe('processes of other containers', () => {
  eachSight('the $shell stop script leaves a foreign process alive, with $what', async ({ program, hidesGroup }) => {
    const command = ['sh', '-c', 'echo up; sleep 60; :'];
    await beside({ program, hidesGroup, command }, async ({ container, ended, application }) => {
      await container.sees(/up/);
      const visitor = new Supervised({
        ...{ program, unsupervised: true, join: container.first },
        command: [
          'sh',
          '-c',
          `echo up; read -r _; exec /usr/bin/nsenter --target ${container.pidInside} --mount sleep 60`,
        ],
      });
      await visitor.sees(/up/);
      const [who, before] = [visitor.first, application()];
      visitor.type('\n');
      await visitor.becomes(/sleep/);
      await stop(container);
      expect(await ended()).toMatchObject({ word: STOPPED });
      expect([fingerprint(who), application()]).toEqual([expect.not.stringMatching(/dead|gone/), before]);
      visitor.signal('SIGKILL');
      await visitor.ended();
    });
  });

  eachShell('the $shell stop script signals nothing when all processes share a group', async ({ program }) => {
    const command = ['sh', '-c', 'echo up; sleep 60; :'];
    await beside({ program, ungrouped: true, command }, async ({ container, application }) => {
      await container.sees(/up/);
      const before = [...application(), fingerprint(container.first)];
      expect(await stop(container)).toEqual({ answer: 'Blind' });
      expect([...application(), fingerprint(container.first)]).toEqual(before);
      expect(container.log).toBe('');
    });
  });
});
