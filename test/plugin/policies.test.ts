import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugPolicy } from '../../src/api/debugpolicy.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;
let dana: Dbg;
let tight: string;

beforeAll(async () => {
  stage = await Stage.open('plugin-policies');
  dbg = new Dbg(stage);
  await stage.runningPod('web');
  tight = `tight-${stage.namespace}`;
  const spec = {
    images: ['registry.example/tools:*'],
    profiles: ['restricted'],
    requireJustification: true,
    podSelector: { matchLabels: { debug: 'yes' } },
    limits: { perPod: 1 },
  };
  const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name: tight }, spec };
  await stage.kubectl(['create', '-f', '-'], JSON.stringify(policy));
  await Person.whoMayAsk(stage, 'dana');
  await stage.kubectl([
    'create',
    'clusterrolebinding',
    stage.namespace,
    '--clusterrole=debugsession-policy-viewer',
    '--user=olga',
  ]);
  dana = new Dbg(stage, 'dana');
});

afterAll(async () => {
  await stage.kubectl(['delete', 'dbgp', tight]);
  await stage.kubectl(['delete', 'clusterrolebinding', stage.namespace]);
  dbg.close();
  dana.close();
  await stage.close();
});

describe('policies', () => {
  it('kubectl dbg policies tells what each policy allows', async () => {
    const { code, stdout } = await dbg.run(['policies']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    const from = lines.indexOf(`${tight}: you may use it here`);
    expect(lines.slice(from, from + 8)).toEqual([
      `${tight}: you may use it here`,
      '  images    registry.example/tools:*',
      '  profiles  restricted',
      '  time      30m where none is named, 4h at most',
      '  opens     nothing besides',
      '  asks for  a reason',
      '  only      pods with {"matchLabels":{"debug":"yes"}}',
      '  limits    1 live in a pod',
    ]);
  });

  it('kubectl dbg policies shows the policies that the user may use, and with --all also others', async () => {
    await Person.whoMayAsk(stage, 'olga');
    const olga = new Dbg(stage, 'olga');
    const listed = JSON.parse((await olga.run(['policies', '-o', 'json'])).stdout) as { items: DebugPolicy[] };
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(['default']);
    expect((await olga.run(['policies', '--all'])).stdout).toContain(`${tight}: you may not use it here`);
    olga.close();
  });

  it('kubectl dbg policies names the usable policies to a user who may not read policies', async () => {
    expect(await dana.run(['policies'])).toMatchObject({
      code: 0,
      stdout: 'default: you may use it here\n',
      stderr: expect.stringMatching(/you may not read policies/),
    });
  });
});

describe('can-i', () => {
  it('kubectl dbg can-i says yes and creates nothing', async () => {
    expect(await dbg.run(['can-i', 'web', '--name=asked', '--', 'ls'])).toMatchObject({
      code: 0,
      stdout: 'yes, by DebugPolicy default\n',
    });
    expect((await stage.kubectl(['get', 'dbg', 'asked'])).code).toBe(1);
  });

  it('kubectl dbg can-i says every reason, and which policy allows the session', async () => {
    const { code, stdout } = await dbg.run(['can-i', 'web', `--policy=${tight}`, '--image=busybox:1.36', '--ttl=9h']);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'no',
      expect.stringMatching(/^ {2}pod web does not match podSelector/),
      expect.stringMatching(/^ {2}image docker\.io\/library\/busybox:1\.36 is not allowed \(allowed: /),
      expect.stringMatching(/^ {2}profile general is not allowed/),
      expect.stringMatching(/^ {2}ttl 9h is longer than ttl\.max/),
      expect.stringMatching(/^ {2}justification is empty/),
      'DebugPolicy default allows it, and you may use it: add --policy default',
      '',
    ]);
  });

  it('kubectl dbg can-i says no where the API server refuses the policy or a field', async () => {
    const use = await dana.run(['can-i', 'web', `--policy=${tight}`, '--image=x', '--no-target']);
    expect(use).toMatchObject({ code: 1, stdout: expect.stringMatching(/^no\n {2}.*may not use DebugPolicy/) });
    const field = await dbg.run(['can-i', 'web', '--ttl=0s']);
    expect(field).toMatchObject({ code: 1, stdout: expect.stringMatching(/^no\n {2}spec\.ttl: /) });
    const policy = await dbg.run(['can-i', 'web', '--policy=nowhere', '--image=x']);
    expect(policy).toMatchObject({ code: 1, stdout: expect.stringMatching(/There is no DebugPolicy nowhere/) });
  });

  it('kubectl dbg can-i says what it did not check to a user who may not read policies', async () => {
    const { code, stdout } = await dana.run(['can-i', 'web']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'the API server accepts it; DebugPolicy default is not checked, because you may not read policies\n',
    });
  });

  it('kubectl dbg refuses a session with the reasons of kubectl dbg can-i', async () => {
    const asked = ['web', `--policy=${tight}`, '--image=busybox:1.36', '--reason=x', '--no-target'];
    const said = (await dbg.run(['can-i', ...asked])).stdout.split('\n').filter((line) => line.startsWith('  '));
    const { code, stderr } = await dbg.run([...asked, '--', 'true']);
    expect(code).toBe(1);
    // The API server does not see the pod.
    const ofPod = said.filter((reason) => reason.startsWith('  pod web does not match podSelector'));
    const others = said.filter((reason) => !ofPod.includes(reason));
    expect([ofPod.length, others.length]).toEqual([1, 2]);
    const denial = `error: DebugPolicy ${tight} does not allow this:`;
    const wayOut = '  DebugPolicy default allows it, and you may use it: add --policy default';
    expect(stderr).toContain([denial, ...others, wayOut, ''].join('\n'));
  });

  it('kubectl dbg names the policies that allow a session after the operator refused it because of its pod', async () => {
    const asked = ['web', `--policy=${tight}`, '--image=registry.example/tools:1', '--profile=restricted'];
    const { code, stderr } = await dbg.run([...asked, '--reason=x', '--no-target', '--', 'true']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ {4}pod web does not match podSelector \(debug=yes\)$/m);
    expect(stderr).toContain('DebugPolicy default allows it, and you may use it: add --policy default');
  });
});
