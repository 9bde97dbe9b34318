import type { Commit } from './repository.ts';

/** A file or image by its name and its SHA-256 in hexadecimal. */
export interface Subject {
  readonly name: string;
  readonly sha256: string;
}

/** What a release was made of, and how. */
export interface Making {
  readonly version: string;
  readonly commit: Commit;
  /** Where the source is: a URI of Git, as https://slsa.dev/spec/v1.0/provenance asks for. */
  readonly source: string;
  /** What the caller chose. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The base images. */
  readonly materials: readonly Subject[];
  readonly subjects: readonly Subject[];
}

/**
 * An in-toto statement (https://in-toto.io/Statement/v1) with SLSA's provenance, unsigned. It has no times, so equal
 * makings give equal bytes.
 */
export function provenance({ version, commit, source, parameters, materials, subjects }: Making): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${source}/blob/v${version}/docs/releasing.md`,
        externalParameters: { version, ...parameters },
        internalParameters: { SOURCE_DATE_EPOCH: String(commit.seconds) },
        resolvedDependencies: [
          { uri: `git+${source}`, digest: { gitCommit: commit.id } },
          ...materials.map(({ name, sha256 }) => ({ uri: name, digest: { sha256 } })),
        ],
      },
      runDetails: { builder: { id: `${source}/blob/v${version}/scripts/release.ts` } },
    },
  };
  return `${JSON.stringify(statement)}\n`;
}

/** As `sha256sum --check` reads it. */
export function checksums(subjects: readonly Subject[]): string {
  return subjects.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}
