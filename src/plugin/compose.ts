import { API_VERSION, type DebugSessionSpec, KIND, type Target } from '../api/debugsession.ts';
import { readInput, sourceName } from '../cli/read-input.ts';
import { isObject } from '../cli/values.ts';
import { oneLine } from '../text/one-line.ts';
import { chooseContainer, chooseImage, type ContainerWish } from './choose.ts';
import { knownNamespace } from './current-namespace.ts';
import type { Desk } from './desk.ts';
import { UsageFault } from './fault.ts';
import { lookUpPolicy } from './policy-lookup.ts';
import type { OutputFormat } from './print-objects.ts';
import { sessionName } from './session-name.ts';
import { type ReadOptions, readSessionOptions, type SessionOptions } from './session-options.ts';
import { readTarget } from './target-reference.ts';

/** The command line of `start`. */
export interface StartOptions extends SessionOptions {
  target?: string;
  container?: string;
  noTarget?: boolean;
  name?: string;
  file?: string;
  detach?: boolean;
  rm?: boolean;
  dryRun?: 'client' | 'server';
  output?: OutputFormat;
}

/** A manifest that was not sent yet. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; namespace?: string };
  spec: Partial<DebugSessionSpec>;
}

/** What a command line asks for. */
export interface Composed {
  manifest: Manifest;
  /** Where kubectl writes it, as far as that is known without another request. */
  namespace?: string | undefined;
}

/** The session that a command line asks for: by its flags, or in a file as it is written. @throws Fault */
export async function manifestOf(desk: Desk, options: StartOptions): Promise<Composed> {
  return options.file === undefined ? compose(desk, options) : { manifest: await readSession(options.file, options) };
}

/** The session that the flags ask for. */
async function compose(desk: Desk, options: StartOptions): Promise<Composed> {
  const { kubectl } = desk;
  const { target, spec } = readCommandLine(options);
  // Its start takes as long as one look at the cluster by a kubectl of its own.
  kubectl.openProxy();
  const policy = lookUpPolicy(kubectl, spec.policyName);
  const wish = containerWish(options);
  const place = knownNamespace(kubectl);
  const [image, { containerName, note, namespace }] = await Promise.all([
    policy.then((known) => chooseImage(spec.image, known)),
    place.then((known) => chooseContainer(kubectl, target, { wish, policy, namespace: known })),
  ]);
  if (note !== undefined) desk.progress.say(note);
  const whole: Target = { ...target, ...(containerName !== undefined && { containerName }) };
  const stem = target.podName ?? target.workloadRef?.name ?? 'session';
  const name = options.name ?? sessionName(stem, () => desk.random());
  const manifest = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { target: whole, ...spec, image } };
  return { manifest, namespace };
}

/** @throws UsageFault with everything that is wrong */
function readCommandLine(options: StartOptions): { target: Target; spec: ReadOptions['spec'] } {
  const { spec, faults } = readSessionOptions(options);
  const reference = options.target === undefined ? undefined : readTarget(options.target);
  if (reference === undefined) faults.unshift('the target is missing: name a pod, or TYPE/NAME of a workload');
  else if (reference.kind === 'fault') faults.unshift(reference.fault);
  if (options.container !== undefined && options.noTarget === true) {
    faults.push('--container and --no-target exclude each other');
  }
  if (reference?.kind !== 'target' || faults.length > 0) throw new UsageFault(faults);
  return { target: reference.target, spec };
}

function containerWish({ container, noTarget }: StartOptions): ContainerWish {
  if (noTarget === true) return { kind: 'none' };
  return container === undefined ? { kind: 'default' } : { kind: 'named', name: container };
}

/** The one session of a file, as it is written. */
async function readSession(file: string, options: StartOptions): Promise<Manifest> {
  const others: (keyof StartOptions)[] = [
    ...(['target', 'container', 'noTarget', 'name', 'image', 'ttl', 'profile', 'policy', 'reason', 'env'] as const),
    ...(['attacher', 'asUser', 'volume', 'supervisor', 'tty', 'command'] as const),
  ];
  const given = others.filter((name) => options[name] !== undefined);
  if (given.length > 0)
    throw new UsageFault(`--filename is a session as it is written: leave out ${given.join(', ')}, or change the file`);
  const input = await readInput(file);
  if (input.kind === 'unreadable') throw new UsageFault(input.fault);
  const { readDocuments } = await import('../cli/input-documents.ts');
  const { documents, faults } = readDocuments(input.text);
  const source = sourceName(file);
  if (faults.length > 0)
    throw new UsageFault(faults.map(({ line, message }) => oneLine(`${source}: line ${line}: ${message}`)));
  const sessions = documents.filter(({ value }) => isObject(value) && value['kind'] === KIND);
  const [session] = sessions;
  if (session === undefined || documents.length !== 1) {
    throw new UsageFault(
      `${source}: must be one ${KIND} and nothing else; it has ${documents.length} documents, ${sessions.length} of them ${KIND}s`,
    );
  }
  return session.value as Manifest;
}
