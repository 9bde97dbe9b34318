import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type handleUnaryCall,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { repositoryPath } from '../documents/crd.ts';

/** A container that the played runtime knows. */
export interface PlayedContainer {
  id: string;
  state: string;
  labels: Record<string, string>;
}

type Answer<T> = (request: T, reply: Parameters<handleUnaryCall<T, object>>[1]) => void;

/** A container runtime on a Unix socket, which speaks CRI from the proto file as any gRPC server would. */
export class PlayedRuntime {
  readonly #folder = mkdtempSync(join(tmpdir(), 'debugsession-cri-'));
  readonly socket = join(this.#folder, 'cri.sock');
  /** Which container is asked about, and what is answered. */
  onStatus: Answer<{ container_id: string }> = ({ container_id: id }, reply) => {
    const status = this.containers.get(id);
    if (status === undefined) reply({ code: 5, details: `an error occurred when try to find container "${id}"` });
    else reply(null, { status });
  };
  onStop: Answer<{ container_id: string; timeout: number }> = (_request, reply) => reply(null, {});
  readonly containers = new Map<string, PlayedContainer>();
  /** What it was asked to stop, in order. */
  readonly stopped: { container_id: string; timeout: number }[] = [];
  readonly #server = new Server();

  async start(): Promise<this> {
    const options = { keepCase: true, longs: Number, enums: String, defaults: true };
    const definition = loadPackageDefinition(loadSync(repositoryPath('src/node-stop/cri.proto'), options));
    const { RuntimeService } = (definition['runtime'] as { v1: Record<string, ServiceClientConstructor> }).v1;
    if (RuntimeService === undefined) throw new Error('the proto file has no RuntimeService');
    this.#server.addService(RuntimeService.service, {
      ContainerStatus: (({ request }, reply) => this.onStatus(request, reply)) satisfies handleUnaryCall<
        { container_id: string },
        object
      >,
      StopContainer: (({ request }, reply) => {
        this.stopped.push(request);
        this.onStop(request, reply);
      }) satisfies handleUnaryCall<{ container_id: string; timeout: number }, object>,
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${this.socket}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
