import { stringify } from 'yaml';

/** Where the archive of a release lies. There is no release yet: whoever publishes one sets it. */
const RELEASES = 'https://example.invalid/debugsession/releases/download';

/** The manifest by which krew installs the plugin (krew.googlecontainertools.github.com/v1alpha2). */
export function krewManifest({ version, sha256 }: { version: string; sha256: string }): string {
  const platform = (os: string): object => ({
    selector: { matchLabels: { os } },
    uri: `${RELEASES}/v${version}/kubectl-dbg-v${version}.tar.gz`,
    sha256,
    bin: 'kubectl-dbg',
    files: [
      { from: 'kubectl-dbg', to: '.' },
      { from: 'LICENSE', to: '.' },
      { from: 'LICENSES.txt', to: '.' },
    ],
  });
  return stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'dbg' },
    spec: {
      version: `v${version}`,
      shortDescription: 'Debug running pods in containers that end, with a record',
      description:
        'Starts a DebugSession in a running pod, attaches to it and says how it ended.\nThe cluster needs the DebugSession operator.\n',
      caveats: 'Needs Node 22.12 or newer as `node` in PATH, and the DebugSession operator in the cluster.\n',
      platforms: [platform('linux'), platform('darwin')],
    },
  });
}
