import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { sha256 } from '../../scripts/release/oci-layout.ts';
import { VERSION } from '../../src/version.ts';
import { cachePaths } from '../cluster/paths.ts';
import { ensureKrew } from '../cluster/programs.ts';
import { silent } from '../cluster/progress.ts';
import { mustRun, run } from '../cluster/run-program.ts';
import { kubectl } from '../support/cluster/api-server.ts';
import { CHART, Helm } from '../support/cluster/helm.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { COMMIT_SECONDS, madeRelease } from '../support/release/made-release.ts';
import { OciArchive } from '../support/release/oci-archive.ts';

// What `make release` makes of this working tree.

const IMAGE = 'registry.example/debugsession-operator';
let folder: string;
let images: OciArchive;
/** Of the index of both images. */
let digest: string;

beforeAll(async () => {
  folder = await madeRelease(VERSION);
  images = await OciArchive.open(join(folder, `debugsession-operator-${VERSION}.oci.tar`));
  digest = images.about[0]?.digest ?? '';
});

afterAll(() => images.close());

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

it('the release has these files and no others, and the checksums of all of them agree', async () => {
  const names = [
    'RELEASE_NOTES.md',
    'dbg.yaml',
    `debugsession-${VERSION}.tgz`,
    `debugsession-chart-${VERSION}.oci.tar`,
    `debugsession-operator-${VERSION}.oci.tar`,
    'install.yaml',
    `kubectl-dbg-v${VERSION}.tar.gz`,
    'provenance.intoto.json',
    'sbom.cdx.json',
    'sbom.spdx.json',
  ];
  expect(readdirSync(folder).sort()).toEqual(['SHA256SUMS', ...names].sort());
  const checked = await mustRun(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: folder });
  expect(checked.trim().split('\n').sort()).toEqual(names.map((name) => `${name}: OK`).sort());
});

describe('images', () => {
  interface Config {
    architecture: string;
    created: string;
    config: { Labels: Record<string, string>; User: string; Entrypoint: string[] };
    rootfs: { diff_ids: string[] };
  }

  const manifests = () => {
    const [about] = images.about;
    expect(images.about).toHaveLength(1);
    if (about === undefined) throw new Error('the archive is about nothing');
    return images.json<{ manifests: Parameters<OciArchive['manifest']>[0][] }>(about).manifests;
  };

  it('the archive has one index with images for amd64 and arm64, and every blob has its digest', () => {
    expect(images.about[0]?.annotations).toEqual({
      'io.containerd.image.name': `${IMAGE}:${VERSION}`,
      'org.opencontainers.image.ref.name': VERSION,
    });
    expect(manifests().map(({ platform }) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    for (const descriptor of manifests()) {
      const { config, layers } = images.manifest(descriptor);
      for (const one of [config, ...layers]) expect(images.blob(one).length).toBe(one.size);
      expect(images.json<Config>(config).architecture).toBe(descriptor.platform?.architecture);
    }
  });

  it('each image says in labels and annotations what it was made of', () => {
    const created = new Date(COMMIT_SECONDS * 1000).toISOString().replace('.000', '');
    const said = {
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
      'org.opencontainers.image.version': VERSION,
      'org.opencontainers.image.base.digest': expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown,
    };
    for (const descriptor of manifests()) {
      const { annotations, config } = images.manifest(descriptor);
      const { config: settings, created: time } = images.json<Config>(config);
      expect(annotations).toMatchObject(said);
      expect(settings).toMatchObject({
        Labels: said,
        User: '65532:65532',
        Entrypoint: ['/nodejs/bin/node', '/app/main.js'],
      });
      expect(time).toBe(created);
    }
  });

  it('both images have the same operator, each on Node for its own processor', async () => {
    const layers = manifests().map((descriptor) => images.manifest(descriptor).layers);
    expect(layers.map((of) => of.length)).toEqual([2, 2]);
    const [amd64 = [], arm64 = []] = layers;
    expect(amd64[1]).toEqual(arm64[1]);
    const listed = await mustRun(['tar', '-tzf', images.pathOf(amd64[1]?.digest ?? '')]);
    const files = listed.split('\n').filter((path) => /^app\/./.test(path));
    const built = [
      'LICENSE',
      'cri.proto',
      'main.js',
      'main.js.LEGAL.txt',
      'node-stop.js',
      'node-stop.js.LEGAL.txt',
      'package.json',
    ];
    expect(files.sort()).toEqual(built.map((name) => `app/${name}`));
    // e_machine of an ELF header: x86-64, AArch64.
    expect(await Promise.all([amd64, arm64].map((of) => machineOf(of[0]?.digest ?? '')))).toEqual([0x3e, 0xb7]);
  });

  async function machineOf(layer: string): Promise<number> {
    const script = 'tar -xzOf "$1" nodejs/bin/node | head -c 20 | od -An -tu2 -j18';
    return Number((await mustRun(['sh', '-c', script, 'sh', images.pathOf(layer)])).trim());
  }
});

describe('install.yaml', () => {
  it('install.yaml is what kustomize makes of config/default, with the image by its digest', async () => {
    const plain = await kubectl('kustomize', repositoryPath('config/default'));
    const pinned = plain.replace(`image: debugsession-operator:${VERSION}`, `image: ${IMAGE}:${VERSION}@${digest}`);
    expect(pinned).not.toBe(plain);
    expect(read('install.yaml')).toBe(pinned);
  });

  it('an API server takes every object of install.yaml', async () => {
    const applied = await kubectl(
      'apply',
      '--server-side',
      '--force-conflicts',
      '--dry-run=server',
      '-f',
      join(folder, 'install.yaml'),
    );
    const objects = parseAllDocuments(read('install.yaml')).length;
    expect(applied.trim().split('\n')).toHaveLength(objects);
    expect(applied).toMatch(
      /^deployment\.apps\/debugsession-controller-manager serverside-applied \(server dry run\)$/m,
    );
  });
});

describe('chart', () => {
  it('the chart of the release renders what the chart of the repository does, with the image by its digest', async () => {
    const helm = await Helm.open();
    try {
      const render = (chart: string, values: object = {}) =>
        helm.ok(['template', 'debugsession', chart, '--namespace', 'debugsession-system'], values);
      const packed = await render(join(folder, `debugsession-${VERSION}.tgz`));
      expect(packed).toBe(await render(CHART, { image: { repository: IMAGE, digest } }));
      expect(packed).toContain(`image: ${IMAGE}@${digest}`);
    } finally {
      helm.close();
    }
  });

  it('the OCI archive of the chart has the same chart, under the media types of Helm', async () => {
    const archive = await OciArchive.open(join(folder, `debugsession-chart-${VERSION}.oci.tar`));
    try {
      const [about] = archive.about;
      if (about === undefined) throw new Error('the archive is about nothing');
      const { config, layers } = archive.manifest(about);
      expect(archive.json(config)).toMatchObject({ name: 'debugsession', version: VERSION });
      expect([config, ...layers].map(({ mediaType }) => mediaType)).toEqual([
        'application/vnd.cncf.helm.config.v1+json',
        'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      ]);
      const [layer] = layers;
      expect(layer && archive.blob(layer)).toEqual(readFileSync(join(folder, `debugsession-${VERSION}.tgz`)));
    } finally {
      archive.close();
    }
  });
});

it('the krew manifest of the release names its archive, and the validator of krew accepts it', async () => {
  const { validateKrewManifest } = await ensureKrew(cachePaths(process.env), silent);
  const { code } = await run([validateKrewManifest, '-manifest', join(folder, 'dbg.yaml'), '-skip-install']);
  expect(code).toBe(0);
  const { spec } = parse(read('dbg.yaml')) as { spec: { platforms: { sha256: string }[] } };
  const sum = sha256(readFileSync(join(folder, `kubectl-dbg-v${VERSION}.tar.gz`)));
  expect(new Set(spec.platforms.map((platform) => platform.sha256))).toEqual(new Set([sum]));
});

describe('bills of materials', () => {
  /** Each package that is not for development alone, as the lock file has it: name@version licence. */
  function locked(): string[] {
    interface Locked {
      version: string;
      dev?: boolean;
      license?: string;
      name?: string;
    }
    const { packages } = JSON.parse(readFileSync(repositoryPath('package-lock.json'), 'utf8')) as {
      packages: Record<string, Locked>;
    };
    const found = Object.entries(packages).flatMap(([path, { version, dev, license, name }]) =>
      path === '' || dev ? [] : [`${name ?? path.split('node_modules/').at(-1)}@${version} ${license}`],
    );
    expect(found.join('\n')).not.toContain('undefined');
    return [...new Set(found)].sort();
  }

  it('the SPDX document names every production package with its version and licence', () => {
    const { spdxVersion, creationInfo, packages } = JSON.parse(read('sbom.spdx.json')) as {
      spdxVersion: string;
      creationInfo: object;
      packages: { name: string; versionInfo: string; licenseDeclared: string }[];
    };
    expect(spdxVersion).toBe('SPDX-2.3');
    expect(creationInfo).toMatchObject({ created: new Date(COMMIT_SECONDS * 1000).toISOString() });
    const [own, ...named] = packages.map((one) => `${one.name}@${one.versionInfo} ${one.licenseDeclared}`);
    expect(own).toBe(`debugsession@${VERSION} Apache-2.0`);
    expect([...new Set(named)].sort()).toEqual(locked());
  });

  it('the CycloneDX document names every production package with its version and licence', () => {
    interface Component {
      name: string;
      version: string;
      licenses?: { license?: { id?: string }; expression?: string }[];
    }
    const { bomFormat, metadata, components } = JSON.parse(read('sbom.cdx.json')) as {
      bomFormat: string;
      metadata: { component: Component };
      components: Component[];
    };
    const said = ({ name, version, licenses }: Component): string =>
      `${name}@${version} ${licenses?.[0]?.license?.id ?? licenses?.[0]?.expression}`;
    expect(bomFormat).toBe('CycloneDX');
    expect(said(metadata.component)).toBe(`debugsession@${VERSION} Apache-2.0`);
    expect([...new Set(components.map(said))].sort()).toEqual(locked());
  });
});

it('the provenance has the digest of every file and of the image, and the commit', () => {
  const statement = JSON.parse(read('provenance.intoto.json')) as {
    _type: string;
    predicateType: string;
    subject: { name: string; digest: { sha256: string } }[];
    predicate: { buildDefinition: { resolvedDependencies: { digest: object }[]; externalParameters: object } };
  };
  expect([statement._type, statement.predicateType]).toEqual([
    'https://in-toto.io/Statement/v1',
    'https://slsa.dev/provenance/v1',
  ]);
  const written = readdirSync(folder).filter((name) => !['SHA256SUMS', 'provenance.intoto.json'].includes(name));
  const digests = written.map((name) => [name, sha256(readFileSync(join(folder, name)))]);
  const subjects = statement.subject.map((subject) => [subject.name, subject.digest.sha256]);
  expect(Object.fromEntries(subjects)).toEqual({
    ...(Object.fromEntries(digests) as object),
    [IMAGE]: digest.replace('sha256:', ''),
  });
  const [source, base] = statement.predicate.buildDefinition.resolvedDependencies;
  expect([source?.digest, base?.digest]).toEqual([
    { gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/) },
    { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
});

it('the release notes are the section of the changelog, and warn of a base image that is a stand-in', () => {
  const notes = read('RELEASE_NOTES.md');
  const changelog = readFileSync(repositoryPath('CHANGELOG.md'), 'utf8');
  const section =
    changelog.split(`## [${VERSION}]`)[1]?.split('\n').slice(1).join('\n').split('\n## ')[0]?.trim() ?? '';
  expect(section.length).toBeGreaterThan(100);
  expect(notes).toContain(section);
  expect(notes).toContain('**Do not publish these files.**');
});
