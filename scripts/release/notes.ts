/** What the notes of a release say beside its changes. */
export interface Notes {
  readonly version: string;
  readonly date: string;
  /** The changelog's section. */
  readonly changes: string;
  /** Registry, name, tag and digest. */
  readonly image: string;
  /** Set if the base is a stand-in. */
  readonly standIn: boolean;
}

/** The notes of a release as Markdown. */
export function releaseNotes({ version, date, changes, image, standIn }: Notes): string {
  const warning = standIn
    ? '**Do not publish these files.** The image stands on a base that was put together on one machine, because its\nregistry did not answer.\n\n'
    : '';
  return `# DebugSession ${version}

${date}

${warning}| file | purpose |
|---|---|
| \`install.yaml\` | everything to install: \`kubectl apply --server-side -f install.yaml\` |
| \`debugsession-${version}.tgz\` | the Helm chart |
| \`debugsession-chart-${version}.oci.tar\` | the Helm chart as an archive in OCI image layout |
| \`debugsession-operator-${version}.oci.tar\` | the operator's image for amd64 and arm64, in OCI image layout |
| \`kubectl-dbg-v${version}.tar.gz\`, \`dbg.yaml\` | the plugin \`kubectl dbg\`, and its manifest for krew |
| \`sbom.spdx.json\`, \`sbom.cdx.json\` | the packages from npm in the operator and the plugin |
| \`provenance.intoto.json\` | the commit and the base image that these files were made of |
| \`SHA256SUMS\` | checksums: \`sha256sum --check SHA256SUMS\` |

The image is \`${image}\`. The tests run it on
amd64. The image for arm64 has the same files on the base image for arm64, and nothing has run it.

Before you upgrade, read docs/upgrading/${version}.md.

## Changes

${changes}
`;
}
