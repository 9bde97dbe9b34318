import { GROUP, VERSION } from '../api/debugsession.ts';
import type { Notice } from './notice.ts';

/** The content type of the structured mode in JSON (CloudEvents 1.0, HTTP protocol binding, section 3.2). */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** A notice as a CloudEvent 1.0 in JSON. Two that are equal have equal bytes. */
export function cloudEventOf({ kind, id, namespace, name, at, data }: Notice): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/debugsessions/${name}`,
    type: `dev.debugsession.${kind}`,
    subject: `${namespace}/${name}`,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data,
  });
}
