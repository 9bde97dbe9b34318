import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { buildPlugin } from '../../scripts/plugin.ts';
import { cluster as findCluster, type Cluster } from '../cluster/cluster.ts';
import { launcher } from '../cluster/launch.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { prepareCluster } from '../support/jest/global-setup.ts';
import { OperatorProcess } from '../support/cluster/operator-process.ts';
import { attach, kubectl, must, note, show, StepFailed, tell } from './terminal.ts';

// `make demo`: the main job on real containers, as a person would type it. Exits with 1 when a step did not happen.

const NAMESPACE = 'demo';
const SESSION = 'inspect-web';
const START = `kubectl dbg web -n ${NAMESPACE} --name ${SESSION} --ttl 15s --reason 'INC-4711: checkout is slow'`;

function app(target: Cluster): string {
  // A cluster of our own has no registry; any other pulls the smallest image without a shell that everybody may pull.
  const image = target.node === undefined ? 'registry.k8s.io/pause:3.10' : 'docker.io/library/distroless:test';
  return `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: ${NAMESPACE}}
spec:
  terminationGracePeriodSeconds: 2
  containers: [{name: app, image: '${image}', imagePullPolicy: IfNotPresent}]
`;
}

/** kubectl finds the plugin, and the plugin this kubectl, by PATH. */
async function installPlugin(target: Cluster): Promise<void> {
  await buildPlugin();
  const folders = [repositoryPath('dist'), dirname(target.kubectlPath), process.env['PATH']];
  process.env['PATH'] = folders.join(delimiter);
}

async function setUp(target: Cluster): Promise<OperatorProcess> {
  await prepareCluster();
  await installPlugin(target);
  await target.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  const kubeconfig = await target.createServiceAccountKubeconfig(
    'debugsession-system',
    'debugsession-controller-manager',
  );
  const operator = await OperatorProcess.start(kubeconfig);
  note(
    'The operator runs as the service account debugsession-controller-manager, with no more than config/rbac grants it.',
  );
  return operator;
}

async function firstRun(target: Cluster): Promise<void> {
  tell('A pod that runs an application and has no shell.');
  await target.kubectl(['create', 'namespace', NAMESPACE]);
  await kubectl(target, 'apply -f -', { input: app(target) });
  await kubectl(target, `wait -n ${NAMESPACE} --for=condition=Ready pod/web --timeout=300s`);
  await kubectl(target, `exec -n ${NAMESPACE} web -- sh`, { fails: true });

  tell('The developer asks for a debug container: an image with a shell beside the application, for 15 seconds.');
  note('The operator injects it into the running pod. The developer looks at processes, and at files through /proc.');
  const seen = await attach(target, START, [
    { type: 'ps', until: /PID\s+USER[\s\S]*# $/ },
    { type: 'ls /proc/1/root', until: /root\n[\s\S]*# $/ },
    { stays: 'until its ttl is over' },
  ]);
  must(/\/(app|pause)/.test(seen), 'the application is among the processes');
  must(/Session inspect-web has expired after 1\ds/.test(seen), 'the session says that it has expired');
}

async function theEnd(target: Cluster): Promise<void> {
  tell('The session ended by itself at its ttl: the process is gone, not only a status changed.');
  await kubectl(target, `wait -n ${NAMESPACE} --for=condition=StopConfirmed dbg/${SESSION} --timeout=300s`);
  await kubectl(target, `get -n ${NAMESPACE} dbg`);
  must((await kubectlValue(target, '{.status.phase}')) === 'Expired', 'the session has expired');
  await kubectl(target, `describe -n ${NAMESPACE} dbg ${SESSION}`);
  if (target.node === undefined) return;
  tell('The node says the same: of this pod, only the application still has a task.');
  const containers = await target.node.ctr(['containers', 'ls']);
  must(containers.code === 0, 'the node answers');
  const tasks = await target.node.ctr(['tasks', 'ls']);
  const id = (await podValue(target, '{.status.ephemeralContainerStatuses[0].containerID}')).replace(
    'containerd://',
    '',
  );
  show(`$ ctr tasks ls | grep ${id.slice(0, 12)}...   # prints nothing that runs`);
  must(!new RegExp(`^${id}\\s+\\d+\\s+RUNNING`, 'm').test(tasks.stdout), 'the debug container has no task');
}

async function secondRun(target: Cluster): Promise<void> {
  tell('To debug again, one line starts the next attempt: a new container beside the old record.');
  await attach(target, `kubectl dbg again ${SESSION} -n ${NAMESPACE}`, [{ type: 'exit 3' }]);
  await kubectl(target, `wait -n ${NAMESPACE} --for=condition=Complete dbg/${SESSION} --timeout=300s`);

  tell('The record: who ended each run, with which exit code.');
  await kubectl(target, `dbg ls -n ${NAMESPACE}`);
  await kubectl(target, `dbg show ${SESSION} -n ${NAMESPACE}`);
  await kubectl(target, `dbg report -n ${NAMESPACE}`);
  const runs = await kubectlValue(target, '{.status.runs[*].endedBy} {.status.runs[*].exitCode}');
  must(/^Supervisor Command 1\d\d 3$/.test(runs), `the supervisor ended run 1 and the command run 2 (${runs})`);
  must(
    (await podValue(target, '{.status.containerStatuses[0].restartCount}')) === '0',
    'the application was never restarted',
  );
}

async function theObject(target: Cluster): Promise<void> {
  tell('A session is one object. In Git it looks like this, and kubectl apply starts it:');
  show(readFileSync(repositoryPath('test/demo/session.yaml'), 'utf8'));
  await kubectl(target, `delete -n ${NAMESPACE} dbg ${SESSION}`);
  await kubectl(target, 'apply -f test/demo/session.yaml');
  await kubectl(target, `wait -n ${NAMESPACE} --for=condition=Running dbg/${SESSION} --timeout=300s`);
  await kubectl(target, `dbg end ${SESSION} -n ${NAMESPACE}`);
}

async function kubectlValue(target: Cluster, path: string): Promise<string> {
  return (await target.kubectl(['get', '-n', NAMESPACE, 'dbg', SESSION, '-o', `jsonpath=${path}`])).stdout;
}

async function podValue(target: Cluster, path: string): Promise<string> {
  return (await target.kubectl(['get', '-n', NAMESPACE, 'pod', 'web', '-o', `jsonpath=${path}`])).stdout;
}

function goOn(target: Cluster): void {
  tell('Go on by yourself.');
  const config = target.kubeconfig ?? '$KUBECONFIG';
  const clusterIsOurs = target.node !== undefined;
  show(`The cluster is up; the demo's operator has been stopped.
  export KUBECONFIG=${config}${clusterIsOurs ? ` PATH=${target.kubectlPath.replace(/\/kubectl$/, '')}:$PATH` : ''}
  make run &                                  # the operator
  ${START}
  kubectl get dbg -A                          # what there is; kubectl explain dbg.spec
  ${clusterIsOurs ? 'make cluster-down                           # stops everything' : 'kubectl delete -k config/default            # removes the operator and its resource'}`);
}

async function main(): Promise<number> {
  const [program = '', ...args] = launcher('up');
  const up = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (up.status !== 0) return 1;
  const target = findCluster();
  const operator = await setUp(target);
  try {
    await firstRun(target);
    await theEnd(target);
    await secondRun(target);
    await theObject(target);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(
      `\nThe demo failed: it is not so that ${error.message}.\nThe operator's last words:\n${operator.tail()}\n`,
    );
    return 1;
  } finally {
    await operator.stop();
  }
  goOn(target);
  return 0;
}

process.exitCode = await main();
