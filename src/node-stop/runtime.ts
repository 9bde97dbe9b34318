import { fileURLToPath } from 'node:url';
import { Client, credentials, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** A container as the runtime of a node knows it. */
export interface RuntimeContainer {
  id: string;
  /** Such as `CONTAINER_RUNNING`. */
  state: string;
  labels: Record<string, string>;
}

/** What is asked of the runtime. Each call throws grpc-js's `ServiceError`, also when its time is over. */
export interface Runtime {
  containerStatus(id: string): Promise<RuntimeContainer | undefined>;
  /** Returns when the container has ended. @param graceSeconds after which it is killed; 0: at once */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  close(): void;
}

/** How long the runtime may take for an answer, in ms: beyond the grace it has only to kill. */
const ANSWER_MS = 5_000;

const PROTO = fileURLToPath(new URL('./cri.proto', import.meta.url));

/** The runtime behind a socket, by the Container Runtime Interface. It connects with the first call. */
export function connectRuntime(socket: string): Runtime {
  const options = { keepCase: true, longs: Number, enums: String, defaults: true };
  // proto-loader's own types know nothing of what is in the file.
  const service = loadSync(PROTO, options)['runtime.v1.RuntimeService'] as unknown as ServiceDefinition;
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const call = async (name: string, request: object, withinMs: number): Promise<unknown> => {
    const { path, requestSerialize, responseDeserialize } = service[name] as MethodDefinition<object, unknown>;
    const deadline = Date.now() + withinMs;
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, { deadline }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  };
  return {
    containerStatus: async (id) => {
      const answer = await call('ContainerStatus', { container_id: id }, ANSWER_MS);
      return (answer as { status?: RuntimeContainer | null }).status ?? undefined;
    },
    stopContainer: async (id, graceSeconds) => {
      const request = { container_id: id, timeout: graceSeconds };
      await call('StopContainer', request, graceSeconds * 1000 + ANSWER_MS);
    },
    close: () => client.close(),
  };
}
