import { stringify } from 'yaml';

/** Where the files of releases lie until somebody publishes one: `make release DOWNLOADS=...` names the place. */
export const DOWNLOADS = 'https://example.invalid/debugsession/releases/download';

/**
 * The manifest by which krew installs the plugin (krew.googlecontainertools.github.com/v1alpha2).
 * @param downloads URL of the folder that has a folder for each version
 */
export function krewManifest({
  version,
  sha256,
  downloads = DOWNLOADS,
}: {
  version: string;
  sha256: string;
  downloads?: string;
}): string {
  const platform = (os: string): object => ({
    selector: { matchLabels: { os } },
    uri: `${downloads}/v${version}/kubectl-dbg-v${version}.tar.gz`,
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
