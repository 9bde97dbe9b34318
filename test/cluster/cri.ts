import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';

// The one call of the Container Runtime Interface that ctr has no word for. gRPC is a message with five bytes before it
// in an HTTP/2 request.

/**
 * Makes the node forget a container: CRI RemoveContainer, as `crictl rm` does. What still runs is killed.
 * @throws Error with the runtime's words.
 */
export async function removeContainer(socket: string, containerID: string): Promise<void> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
  try {
    const call = session.request({
      ':method': 'POST',
      ':path': '/runtime.v1.RuntimeService/RemoveContainer',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let said: Record<string, unknown> = {};
    // A call that fails at once has its status in the headers.
    call.on('response', (headers) => (said = { ...said, ...headers }));
    call.on('trailers', (trailers: IncomingHttpHeaders) => (said = { ...said, ...trailers }));
    call.resume().end(removeContainerRequest(containerID));
    await once(call, 'close');
    if (said['grpc-status'] !== '0')
      throw new Error(`the runtime does not remove container ${containerID}: ${String(said['grpc-message'])}`);
  } finally {
    session.close();
  }
}

/** `RemoveContainerRequest { string container_id = 1; }`, uncompressed, with its length before it. */
function removeContainerRequest(containerID: string): Buffer {
  const id = Buffer.from(containerID);
  const message = Buffer.concat([Buffer.of(0x0a, id.length), id]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
