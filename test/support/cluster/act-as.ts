/**
 * The flags by which kubectl acts as somebody, who is impersonated by the administrator. The API server adds the group
 * `system:authenticated`, and to a service account without groups those of its kind.
 */
export function actAs(name: string, { groups = [], uid }: { groups?: readonly string[]; uid?: string } = {}): string[] {
  return [
    `--as=${name}`,
    ...(uid === undefined ? [] : [`--as-uid=${uid}`]),
    ...groups.map((group) => `--as-group=${group}`),
  ];
}
