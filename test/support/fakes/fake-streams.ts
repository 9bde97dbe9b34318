import type { AttachOutcome, ExecOptions, ExecOutcome } from '../../../src/kube/pod-stream.ts';
import { ContainerControl, type Streams } from '../../../src/reconcile/container-control.ts';
import type { Clock } from '../../../src/runtime/clock.ts';

/** Exec and attach that answer what a test says, and remember what was asked. */
export class FakeStreams implements Streams {
  readonly asked: string[] = [];
  exec: (options: ExecOptions) => Promise<ExecOutcome> = async ({ container, command }) => {
    this.asked.push(`exec ${container} ${command[0]}`);
    return { kind: 'cut', message: 'the container ended' };
  };
  attach = async ({ container }: { container: string }): Promise<AttachOutcome> => {
    this.asked.push(`attach ${container}`);
    return { kind: 'typed' };
  };
}

/** A control whose actions all succeed, or do what `streams` says. */
export function aControl(clock: Clock, streams: Streams = new FakeStreams()): ContainerControl {
  return new ContainerControl({ streams, evict: () => Promise.resolve(), clock, onDone: () => undefined });
}
