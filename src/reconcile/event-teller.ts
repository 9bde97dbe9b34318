import { API_VERSION, type DebugSession, KIND } from '../api/debugsession.ts';
import type { EventRecord, ObjectReference } from '../runtime/event.ts';
import type { EventIntent } from '../session/status/events.ts';

/** What we need of runtime's EventRecorder. */
export interface Recorder {
  record(event: EventRecord): void;
}

/** Turns what the planner wants told into events: about the session, and related to its pod. */
export class EventTeller {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  tell(session: DebugSession, intent: EventIntent): void {
    const { name, namespace, uid } = session.metadata;
    const { type, reason, action, because, key, podName, podUID } = intent;
    const note = because === undefined ? intent.note : `${intent.note}: ${because}`;
    const self: ObjectReference = { apiVersion: API_VERSION, kind: KIND, name, namespace, uid };
    const pod: ObjectReference | undefined =
      podName === undefined
        ? undefined
        : { apiVersion: 'v1', kind: 'Pod', name: podName, namespace, uid: podUID ?? '' };
    this.#recorder.record({ regarding: self, ...(pod && { related: pod }), type, reason, action, note, key });
  }
}
