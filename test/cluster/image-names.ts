/** The images that every cluster of ours holds. None is ever pulled: use `imagePullPolicy: IfNotPresent`. */
export const pauseImage = 'localhost/pause:test';
export const busyboxImage = 'docker.io/library/busybox:1.36';
/** One static web server on :8080 and no shell; its USER is root. */
export const distrolessImage = 'docker.io/library/distroless:test';
/** The same as {@link distrolessImage}, with USER 1000. */
export const nonrootImage = 'docker.io/library/nonroot:test';
/** /bin/sh is dash; the other commands are busybox's. */
export const dashImage = 'docker.io/library/dash:test';
/** /bin/sh is bash; the other commands are busybox's. */
export const bashImage = 'docker.io/library/bash:test';
/**
 * /bin/sh is dash, and there is neither `sleep` nor `date`. (Busybox' own sh finds its applets without a link, so it
 * will not do.)
 */
export const nosleepImage = 'docker.io/library/nosleep:test';
/** /bin/busybox and not one link: no `sh`, no `kill` and no `sleep` to be found by their names. */
export const nolinksImage = 'docker.io/library/nolinks:test';
/**
 * As process 1 its /bin/sh runs none of what it is given, and lives until somebody sends a signal; else it is busybox'.
 */
export const hostileShellImage = 'docker.io/library/hostile-shell:test';
/** Busybox, whose `sh` and `foreign` are made for another processor than this machine's. */
export const foreignImage = 'docker.io/library/foreign:test';
/** Like {@link busyboxImage}, with USER 1000. */
export const nonrootDebugImage = 'docker.io/library/debug:nonroot';

/** For CLUSTER=current, where we cannot load anything. */
export const imageNotice = `Its nodes must hold or be able to pull the images that the tests and the demo name: ${busyboxImage} is public; ${[
  distrolessImage,
  nonrootImage,
  dashImage,
  bashImage,
  nosleepImage,
  nolinksImage,
  foreignImage,
  hostileShellImage,
  nonrootDebugImage,
].join(
  ', ',
)} are made by "node test/cluster/image-archive.ts FILE.tar", to be loaded with "kind load image-archive FILE.tar" or "minikube image load FILE.tar".`;
