import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { repositoryPath } from './crd.ts';

/**
 * Words of the code that look like reasons and are none. A new word of the code is either in
 * src/api/reason-catalogue.ts or here.
 */
const NO_REASONS = new Set([
  // Values of conditions, types and actions of events, other conditions.
  ...['True', 'False', 'Unknown', 'Normal', 'Warning'],
  ...['Accept', 'Inject', 'Start', 'End', 'Fail', 'Reject', 'ChangeTtl', 'Stop', 'Delete', 'Evict', 'Cancel'],
  ...['Complete', 'Failed', 'StopConfirmed', 'PodRetired', 'Reconciling', 'Stalled', 'Ready', 'PodScheduled'],
  // Phases, states of runs, who ended it, modes of the supervisor.
  ...['Pending', 'Starting', 'Ending', 'Over', 'Completed', 'Ended', 'Succeeded'],
  ...['Command', 'Supervisor', 'Kubelet', 'Shell', 'None'],
  // Ways to end a container, why it had to end, what the spec wants.
  ...['InsideFirst', 'NodeFirst', 'InsideOnly'],
  // Of `onPressure`, and the conditions of a node.
  ...['Refuse', 'MemoryPressure', 'DiskPressure', 'PIDPressure'],
  ...['Exec', 'Attach', 'Node', 'Eviction', 'Ttl', 'Deleted', 'Revoked', 'EvictPod', 'Report'],
  'ApprovalWithdrawn',
  // What is read of Kubernetes.
  ...['File', 'RuntimeDefault', 'Deployment', 'In', 'NotIn', 'Exists', 'DoesNotExist', 'Pod', 'Always', 'Never'],
  ...['IfNotPresent', 'Socket', 'PodInitializing', 'PodReadyToStartContainers', 'LocalSubjectAccessReview'],
  ...['OnFailure', 'RestartAllContainers', 'Restarted', 'Evicted', 'DisruptionTarget', 'Watch'],
  ...['OOMKilled', 'RunContainerError', 'CreateContainerConfigError', 'ContainerCannotRun'],
  // What the supervisor leaves behind, and what the script of an exec says.
  ...['Began', 'CommandIsBuiltin', 'CommandIsDirectory', 'CommandNotExecutable', 'CommandForeign'],
  // Of approvals: decisions, the action of an event, kinds of requesters that are exempt, kinds of Kubernetes.
  ...['Approve', 'Deny', 'AskForApproval', 'User', 'Group'],
  ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  // Of `procMount`.
  'Default',
  'VariablesUnsupported',
  ...['Deadline', 'Unsupported', 'Stopped', 'Survived', 'Changed', 'NoWatchdog', 'Unheard', 'Blind', 'NoShell'],
]);

/**
 * Every CamelCase word in a string of the code that decides, but for {@link NO_REASONS}; with the files that it stands
 * in.
 */
export function reasonsInCode(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of ['src/session', 'src/reconcile'].flatMap(sourcesIn))
    for (const word of new Set(words(readFileSync(repositoryPath(file), 'utf8'))))
      if (!NO_REASONS.has(word)) found.set(word, [...(found.get(word) ?? []), file]);
  return found;
}

function sourcesIn(folder: string): string[] {
  const all = readdirSync(repositoryPath(folder), { recursive: true, encoding: 'utf8' });
  return all.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
}

function words(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteral(node) && /^[A-Z][a-z]+[A-Za-z]*$/.test(node.text)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest));
  return found;
}
