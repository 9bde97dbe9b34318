import { ApiError } from '../../../src/kube/api-error.ts';
import type { AttachOptions, AttachOutcome, ExecOptions, ExecOutcome } from '../../../src/kube/pod-stream.ts';
import type { OnNode } from '../../../src/reconcile/stop-pods.ts';
import type { ActionOutcome } from '../../../src/session/look/actions.ts';
import { NAMESPACE, notFound, type ApiServer } from './api-server.ts';
import type { Kubelet, NodeWitness, Truth } from './kubelet.ts';
import type { Random } from './random.ts';

export interface StreamsSetting {
  server: ApiServer;
  kubelet: Kubelet;
  witness: NodeWitness;
  random: Random;
  now: () => number;
}

/**
 * What exec and attach do to the containers of the model, by what these are made of. The scripts are played by their
 * numbers and their words.
 */
export class ModelStreams {
  readonly #setting: StreamsSetting;

  constructor(setting: StreamsSetting) {
    this.#setting = setting;
  }

  /** @param fault the share of execs whose stream is cut, before or after the script has run */
  exec(options: ExecOptions, fault: number): ExecOutcome {
    const { witness, random } = this.#setting;
    const cut: ExecOutcome = { kind: 'cut', message: 'the server closed the stream' };
    const [ttl, lastMoment] = options.command.slice(-2).map((word) => Number(word) * 1000);
    const isTtl = options.command.at(-5) === 'ttl' && ttl !== undefined && lastMoment !== undefined;
    if (isTtl) witness.asked('Ttl', options.container, { ttlMs: ttl, lastMoment });
    else witness.asked('Exec', options.container);
    const truth = this.#running(options);
    if (!truth.makeup.shell) return { kind: 'notStarted', message: 'exec: "sh": executable file not found in $PATH' };
    if (random.chance(fault / 2)) return cut;
    const outcome = isTtl ? this.#tell(truth, { ttlMs: ttl, lastMoment }) : this.#signal(truth);
    return random.chance(fault / 2) ? cut : outcome;
  }

  attach(options: AttachOptions): AttachOutcome {
    const { witness, kubelet, now } = this.#setting;
    witness.asked('Attach', options.container);
    const truth = this.#running(options);
    if (!truth.makeup.reads) return { kind: 'typed' };
    kubelet.end(truth, now(), 'exit');
    return { kind: 'ended' };
  }

  /** The runtime of the node ends what it finds as it was described, whatever it is made of. */
  stopOnNode({ containerName, containerID, podUID }: OnNode): ActionOutcome {
    const { witness, kubelet, now } = this.#setting;
    witness.asked('Node', containerName);
    const truth = kubelet.truths.get(`${podUID}/${containerName}`);
    if (truth?.state !== 'running' || containerID !== `${containerName}-${truth.times}`)
      return { kind: 'notRunning', message: `container ${containerID} has ended before` };
    kubelet.end(truth, now(), 'killed');
    return { kind: 'asked' };
  }

  #signal(truth: Truth): ExecOutcome {
    const { kubelet, now, random } = this.#setting;
    if (truth.makeup.immune) return said('Survived 1\n', 1);
    kubelet.end(truth, now(), 'Stopped');
    return random.chance(0.5) ? said('', 137) : said('Survived 0\n', 0);
  }

  #tell(truth: Truth, { ttlMs, lastMoment }: { ttlMs: number; lastMoment: number }): ExecOutcome {
    const { kubelet, witness, now } = this.#setting;
    if (truth.makeup.deaf) return said('NoWatchdog\n', 1);
    if (!witness.isWanted(truth.name, ttlMs)) truth.staleTtl = true;
    else delete truth.staleTtl;
    truth.endAt = Math.min((truth.startedAt ?? now()) + ttlMs, lastMoment);
    kubelet.due(now());
    return said('Changed\n', 0);
  }

  /** The container, if it runs: otherwise the API server, or the kubelet, says so. */
  #running({ namespace, pod: name, container }: { namespace: string; pod: string; container: string }): Truth {
    const { server, kubelet } = this.#setting;
    const pod = namespace === NAMESPACE ? server.pods.get(name) : undefined;
    if (pod === undefined) throw notFound('pods', name);
    if (pod.spec.ephemeralContainers?.some((candidate) => candidate.name === container) !== true)
      throw fault(400, `container ${container} is not valid for pod ${name}`);
    const truth = kubelet.truths.get(`${pod.metadata.uid}/${container}`);
    if (truth?.state !== 'running')
      throw fault(500, `unable to upgrade connection: container not found ("${container}")`);
    return truth;
  }
}

function said(stdout: string, exitCode: number): ExecOutcome {
  return { kind: 'exited', exitCode, stdout, stderr: '' };
}

function fault(code: number, message: string): ApiError {
  return new ApiError({ code, reason: '', message });
}
