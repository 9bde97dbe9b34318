import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

// `npm run chart`: writes the templates of charts/debugsession that are manifests of config/ and crds/. What has many
// values (the Deployment) and what config/ does not have is written by hand. docs/adr/0042 has the reasons.

const root = fileURLToPath(new URL('..', import.meta.url));
const CHART = 'charts/debugsession';
const TEMPLATES = `${CHART}/templates`;

/** Begins every template that this program writes, so that it knows them again. */
const MARK = '{{- /* npm run chart writes this file from ';

/** One edit of a manifest on its way into a template. It throws where there is nothing to edit. */
type Edit = (text: string) => string;

interface Folder {
  /** A folder with a kustomization: the manifests are those that it names. */
  readonly from: string;
  /** Below templates/. */
  readonly to: string;
  /** The value that asks for the whole folder. */
  readonly when?: string;
  /** Around each manifest, in place of `when`. */
  readonly each?: 'namespaces';
  readonly files?: Readonly<Record<string, File>>;
}

interface File {
  /** The value that asks for this manifest. */
  readonly when?: string;
  readonly edits?: readonly Edit[];
  /** Not of the chart, or written by hand. */
  readonly leaveOut?: true;
}

const keep = afterLabels(
  ['  {{- if .Values.crds.keep }}', '  annotations:', '    helm.sh/resource-policy: keep', '  {{- end }}'].join('\n'),
);

/** A role for people that becomes a part of one of Kubernetes' own. */
function aggregatedTo(role: string): Edit {
  const label = `    rbac.authorization.k8s.io/aggregate-to-${role}: "true"`;
  return afterLabels(['    {{- if .Values.rbac.aggregate }}', label, '    {{- end }}'].join('\n'));
}

const ofCluster = { when: 'not .Values.namespaces' };
const exec = { when: 'and .Values.rbac.exec (not .Values.namespaces)' };
const attach = { when: 'and .Values.rbac.attach (not .Values.namespaces)' };
const fillIn = { when: 'include "debugsession.fillInRequester" .' };
/** No label of the version: see templates/_helpers.tpl. */
const requester = { edits: [replaced('"debugsession.labels"', '"debugsession.stableLabels"')] };
const selectedByPrometheus = { edits: [afterLabels(withYaml('.Values.prometheus.labels', 4))] };

const FOLDERS: readonly Folder[] = [
  {
    from: 'crds',
    to: 'crds',
    when: '.Values.crds.enabled',
    files: {
      'debugsessions.debugsession.dev.yaml': { edits: [keep] },
      'debugpolicies.debugsession.dev.yaml': { edits: [keep] },
      'debugapprovals.debugsession.dev.yaml': { edits: [keep] },
    },
  },
  {
    from: 'config/admission',
    to: 'admission',
    files: {
      'requester-policy.yaml': requester,
      'requester-policy-binding.yaml': requester,
      'verdict-policy.yaml': { edits: [replaced("'debugsession-system'", "'{{ .Release.Namespace }}'")] },
      'fill-in-requester-policy.yaml': fillIn,
      'fill-in-requester-policy-binding.yaml': fillIn,
      'approver-policy.yaml': requester,
      'approver-policy-binding.yaml': requester,
      'fill-in-approver-policy.yaml': fillIn,
      'fill-in-approver-policy-binding.yaml': fillIn,
      'fill-in-finalizer-policy.yaml': fillIn,
      'fill-in-finalizer-policy-binding.yaml': fillIn,
    },
  },
  {
    from: 'config/rbac',
    to: 'rbac',
    files: {
      'manager-role.yaml': ofCluster,
      'manager-role-binding.yaml': ofCluster,
      'manager-exec-role.yaml': exec,
      'manager-exec-role-binding.yaml': exec,
      'manager-attach-role.yaml': attach,
      'manager-attach-role-binding.yaml': attach,
      'debugsession-viewer-role.yaml': { edits: [aggregatedTo('view')] },
      'debugsession-user-role.yaml': { edits: [aggregatedTo('edit')] },
      'debugsession-admin-role.yaml': { edits: [aggregatedTo('admin')] },
      'debugsession-policy-viewer-role.yaml': { edits: [aggregatedTo('view')] },
    },
  },
  {
    from: 'config/namespaced/rights',
    to: 'namespaced',
    each: 'namespaces',
    files: {
      'exec-role.yaml': { when: '.Values.rbac.exec' },
      'exec-role-binding.yaml': { when: '.Values.rbac.exec' },
      'attach-role.yaml': { when: '.Values.rbac.attach' },
      'attach-role-binding.yaml': { when: '.Values.rbac.attach' },
    },
  },
  {
    from: 'config/manager',
    to: 'manager',
    // Helm makes the namespace of the release (--create-namespace), and the Deployment has many values.
    files: { 'namespace.yaml': { leaveOut: true }, 'deployment.yaml': { leaveOut: true } },
  },
  {
    from: 'config/network-policy',
    to: 'network-policy',
    when: '.Values.networkPolicy.enabled',
    files: {
      'metrics-only.yaml': { edits: [(text) => `${text}${withYaml('.Values.networkPolicy.from', 8, 'from')}\n`] },
    },
  },
  { from: 'config/components/priority-class', to: 'priority-class', when: '.Values.priorityClass.create' },
  { from: 'config/components/pressure', to: 'pressure', when: '.Values.pressure.enabled' },
  {
    from: 'config/components/node-stop',
    to: 'node-stop',
    when: '.Values.nodeStop.enabled',
    files: {
      'service-account.yaml': {
        edits: [(text) => `${text}${withYaml('.Values.nodeStop.imagePullSecrets', 2, 'imagePullSecrets')}\n`],
      },
    },
  },
  {
    from: 'config/prometheus',
    to: 'prometheus',
    when: '.Values.prometheus.enabled',
    files: { 'service-monitor.yaml': selectedByPrometheus, 'prometheus-rule.yaml': selectedByPrometheus },
  },
];

/** Files that the chart has as they are: path in the chart -> path in the repository. */
const COPIES = { 'files/dashboard.json': 'config/grafana/dashboard.json' } as const;

/**
 * What `npm run chart` writes: path from the root of the repository -> content.
 * @throws Error where a manifest no longer has what an edit looks for
 */
export function chartFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const name of manifestsOf(folder.from)) {
      const file = folder.files?.[name] ?? {};
      if (file.leaveOut) continue;
      const from = `${folder.from}/${name}`;
      const path = `${TEMPLATES}/${folder.to}/${name.replace('.debugsession.dev', '')}`;
      try {
        files.set(path, templateOf(from, readFileSync(join(root, from), 'utf8'), folder, file));
      } catch (error) {
        throw new Error(`${from}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  }
  for (const [to, from] of Object.entries(COPIES)) files.set(`${CHART}/${to}`, readFileSync(join(root, from), 'utf8'));
  return files;
}

/** Templates that this program wrote once and no longer does. */
export function leftBehind(files: ReadonlyMap<string, string>): string[] {
  return readdirSync(join(root, TEMPLATES), { recursive: true, encoding: 'utf8' })
    .map((name) => `${TEMPLATES}/${name}`)
    .filter((path) => path.endsWith('.yaml') && !files.has(path))
    .filter((path) => readFileSync(join(root, path), 'utf8').startsWith(MARK));
}

/** The resources of a kustomization that are files beside it. */
function manifestsOf(folder: string): string[] {
  const file = readdirSync(join(root, folder)).find((name) => /^kustomization(\.yaml)?$/i.test(name)) ?? '';
  const { resources } = parse(readFileSync(join(root, folder, file), 'utf8')) as { resources: string[] };
  return resources.filter((name) => name.endsWith('.yaml'));
}

function templateOf(from: string, manifest: string, { when, each }: Folder, file: File): string {
  const literal = manifest.replaceAll('{{', '{{ "{{" }}');
  const template = [labelled, inRelease, ...(file.edits ?? [])].reduce((text, edit) => edit(text), literal);
  const condition = file.when ?? when;
  const chosen = condition === undefined ? template : `{{- if ${condition} }}\n${template}{{- end }}\n`;
  const whole = each === undefined ? chosen : inEachNamespace(manifest, template, file.when);
  return `${MARK}${from}. */}}\n${whole}`;
}

/** The labels of the chart in the place of the manifest's own, which are among them. */
function labelled(text: string): string {
  return replaced(
    /^ {2}labels:\n {4}app\.kubernetes\.io\/name: debugsession$/m,
    '  labels:\n    {{- include "debugsession.labels" . | nindent 4 }}',
  )(text);
}

function inRelease(text: string): string {
  return text.replaceAll('namespace: debugsession-system', 'namespace: {{ .Release.Namespace }}');
}

/** One such manifest for each namespace. The comments are said once. */
function inEachNamespace(manifest: string, template: string, when: string | undefined): string {
  const comments = /^(?:#.*\n)*/.exec(manifest)?.[0] ?? '';
  const rest = template
    .slice(comments.length)
    .replaceAll('include "debugsession.labels" .', 'include "debugsession.labels" $');
  const placed = replaced(/^( {2}name: .*\n)/m, '$1  namespace: {{ . }}\n')(rest).replaceAll('.Release.', '$.Release.');
  const loop = `{{- range .Values.namespaces }}\n---\n${placed}{{- end }}\n`;
  return `${comments}${when === undefined ? loop : `{{- if ${when} }}\n${loop}{{- end }}\n`}`;
}

/** After the labels of the object itself. */
function afterLabels(lines: string): Edit {
  return replaced(/^( {2}labels:\n(?: {4}.*\n)+)/m, `$1${lines.replaceAll('$', '$$$$')}\n`);
}

/** A value as YAML, if it is not empty. @param key the field that has it */
function withYaml(value: string, indent: number, key?: string): string {
  const outer = ' '.repeat(key === undefined ? indent : Math.max(0, indent - 2));
  const field = key === undefined ? [] : [`${outer}${key}:`];
  const lines = [
    `${outer}{{- with ${value} }}`,
    ...field,
    `${outer}{{- toYaml . | nindent ${indent} }}`,
    `${outer}{{- end }}`,
  ];
  return lines.join('\n');
}

function replaced(what: string | RegExp, by: string): Edit {
  return (text) => {
    const after = text.replace(what, by);
    if (after === text) throw new Error(`there is no ${String(what)} to replace`);
    return after;
  };
}

if (process.argv[1] === import.meta.filename) {
  const files = chartFiles();
  for (const path of leftBehind(files)) rmSync(join(root, path));
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
