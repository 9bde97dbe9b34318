/**
 * One line of a watch stream (meta/v1 WatchEvent). An ERROR carries a meta/v1 Status, a BOOKMARK only a
 * resourceVersion.
 */
export interface WatchEvent<T = unknown> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}
