/** A flag of kubectl that says which cluster to speak to, and as whom. `kubectl dbg` hands it on as it is. */
export interface ConnectionFlag {
  long: string;
  short?: string;
  /** What help calls its value. Absent: the flag is a switch. */
  value?: string;
  isList?: boolean;
  help: string;
}

/**
 * `kubectl options` of 1.37, without `--profile` and `--profile-output` (of kubectl itself, and another meaning here)
 * and `--warnings-as-errors`.
 */
export const CONNECTION_FLAGS: readonly ConnectionFlag[] = [
  { long: 'namespace', short: 'n', value: 'NAME', help: 'namespace of the sessions' },
  { long: 'context', value: 'NAME', help: 'context of the kubeconfig' },
  { long: 'kubeconfig', value: 'FILE', help: 'kubeconfig to use' },
  { long: 'kuberc', value: 'FILE', help: 'kuberc of kubectl to use' },
  { long: 'cluster', value: 'NAME', help: 'cluster of the kubeconfig' },
  { long: 'user', value: 'NAME', help: 'user of the kubeconfig' },
  { long: 'as', value: 'NAME', help: 'act as this user' },
  { long: 'as-group', value: 'NAME', isList: true, help: 'act as a member of this group; may be given several times' },
  { long: 'as-uid', value: 'UID', help: 'act with this uid' },
  { long: 'as-user-extra', value: 'KEY=VALUE', isList: true, help: 'act with this extra; may be given several times' },
  { long: 'server', short: 's', value: 'URL', help: 'address of the API server' },
  { long: 'username', value: 'NAME', help: 'name for basic authentication' },
  { long: 'password', value: 'PASSWORD', help: 'password for basic authentication' },
  { long: 'token', value: 'TOKEN', help: 'bearer token for the API server' },
  { long: 'certificate-authority', value: 'FILE', help: 'certificate of the authority of the API server' },
  { long: 'client-certificate', value: 'FILE', help: 'certificate of the client' },
  { long: 'client-key', value: 'FILE', help: 'key of the client' },
  { long: 'insecure-skip-tls-verify', help: 'do not check the certificate of the API server' },
  { long: 'proxy-url', value: 'URL', help: 'proxy to the API server (kubectl 1.37 or newer)' },
  { long: 'tls-server-name', value: 'NAME', help: 'name that the certificate of the API server must have' },
  { long: 'request-timeout', value: 'DURATION', help: 'how long one request may take, such as 30s' },
  { long: 'disable-compression', help: 'ask for uncompressed answers' },
  { long: 'cache-dir', value: 'FOLDER', help: 'folder of the cache of kubectl' },
];

/** Values by the long name of the flag, as they were given. */
export type ConnectionValues = Readonly<Record<string, string | true | readonly string[]>>;

/** The words by which kubectl gets these flags. */
export function connectionArguments(values: ConnectionValues): string[] {
  return CONNECTION_FLAGS.flatMap(({ long }) => {
    const value = values[long];
    if (value === undefined) return [];
    if (value === true) return [`--${long}`];
    return [value].flat().map((one) => `--${long}=${one}`);
  });
}
