import { API_VERSION, type DebugSession, KIND } from '../api/debugsession.ts';
import type { EventRecord, ObjectReference } from '../runtime/event.ts';
import type { EventIntent } from '../session/status/events.ts';

/** What we need of runtime's EventRecorder. */
export interface Recorder {
  record(event: EventRecord): void;
}

/** Turns what the planner wants told into events: about the session and related to its pod, or about the pod itself. */
export class EventTeller {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  tell(session: DebugSession, intent: EventIntent): void {
    const { name, namespace, uid } = session.metadata;
    const { type, reason, action, note, key, podName, podUID } = intent;
    const self: ObjectReference = { apiVersion: API_VERSION, kind: KIND, name, namespace, uid };
    const pod: ObjectReference | undefined =
      podName === undefined
        ? undefined
        : { apiVersion: 'v1', kind: 'Pod', name: podName, namespace, uid: podUID ?? '' };
    const onPod = intent.on === 'pod' && pod !== undefined;
    const about = onPod ? { regarding: pod, related: self } : { regarding: self, ...(pod && { related: pod }) };
    this.#recorder.record({ ...about, type, reason, action, note, key });
  }
}
