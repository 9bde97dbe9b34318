import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Entry } from '../../test/cluster/tar.ts';
import { tarGz } from './archive.ts';
import { type Blobs, ociLayout } from './oci-layout.ts';
import { filesIn } from './repository.ts';

const CHART = 'charts/debugsession';

/** The image that the chart of a release installs. */
export interface ReleasedImage {
  /** Registry and name, without a tag. */
  readonly repository: string;
  /** Of the index: sha256:... */
  readonly digest: string;
}

/** A chart as `helm install` takes it, and as one archive in OCI image layout. */
export interface PackedChart {
  readonly tgz: Buffer;
  readonly oci: Buffer;
}

/**
 * Packs the chart, with the image of the release as its default. `helm package` is not reproducible: it writes the
 * time of each file into the archive.
 * @param created as RFC 3339, for the annotations
 */
export async function packChart(root: string, image: ReleasedImage, created: string): Promise<PackedChart> {
  const entries = await chartEntries(root, image);
  const tgz = tarGz(entries);
  return { tgz, oci: chartLayout(root, tgz, created) };
}

async function chartEntries(root: string, image: ReleasedImage): Promise<Entry[]> {
  const files = await filesIn(root, CHART);
  // Helm wants Chart.yaml before all else: https://helm.sh/docs/topics/charts/#the-chart-file-structure.
  const ordered = ['Chart.yaml', ...files.filter((name) => name !== 'Chart.yaml')];
  return ordered.map((name): Entry => {
    const text = readFileSync(join(root, CHART, name), 'utf8');
    return {
      kind: 'file',
      path: `debugsession/${name}`,
      content: name === 'values.yaml' ? withImage(text, image) : text,
    };
  });
}

/** The comments of the values stay. */
function withImage(values: string, { repository, digest }: ReleasedImage): string {
  const document = parseDocument(values);
  document.setIn(['image', 'repository'], repository);
  document.setIn(['image', 'digest'], digest);
  const text = document.toString({ lineWidth: 0, singleQuote: true });
  return text.replace(' There is no published image yet: name your own.', '');
}

/** The media types are Helm's own: https://helm.sh/docs/topics/registries/#helm-chart-manifest. */
function chartLayout(root: string, tgz: Buffer, created: string): Buffer {
  const chart = parseDocument(readFileSync(join(root, CHART, 'Chart.yaml'), 'utf8')).toJS() as Record<string, string>;
  return ociLayout((blobs: Blobs) => {
    const config = blobs.addJson('application/vnd.cncf.helm.config.v1+json', chart);
    const layer = blobs.add('application/vnd.cncf.helm.chart.content.v1.tar+gzip', tgz);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const annotations = {
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.description': chart['description'] ?? '',
      'org.opencontainers.image.title': chart['name'] ?? '',
      'org.opencontainers.image.version': chart['version'] ?? '',
    };
    const manifest = blobs.addJson(mediaType, { schemaVersion: 2, mediaType, config, layers: [layer], annotations });
    return { ...manifest, annotations: { 'org.opencontainers.image.ref.name': chart['version'] ?? '' } };
  });
}
