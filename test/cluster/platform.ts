const wayOut =
  'or use a cluster you have (kind, minikube, anything): CLUSTER=current takes the context your kubectl points at';

/** @throws Error, one line with the way out, where the launcher cannot work. */
export function checkPlatform(
  platform: string = process.platform,
  userId: number | undefined = process.getuid?.(),
): void {
  const needs = 'the launcher runs kubelet and containerd as processes of this machine';
  if (platform !== 'linux')
    throw new Error(`${needs}, which needs Linux, and this is ${platform}: use a Linux machine, ${wayOut}`);
  if (userId !== 0) throw new Error(`${needs}, which needs root: use sudo, ${wayOut}`);
}
