/** Sessions over the SDK's `Transport` interface, and a pair of connected transports for tests. */
import type { Logger } from '../ports/logger.js';
import type { JsonRpcMessage, JsonRpcResponse, RequestId, Transport } from '../protocol/messages.js';
import type { Peer } from './peer.js';
import type { Session } from './session.js';

/**
 * Serves a transport until it closes. The daemon closes it when the daemon itself is closed.
 *
 * @param open starts the session
 * @returns the session, when the transport has started
 */
export async function connectTransport(transport: Transport, open: (peer: Peer) => Session, logger: Logger): Promise<Session> {
  const send = (message: JsonRpcMessage, relatedRequestId?: RequestId): void => {
    const failed = (error: unknown): void => logger.debug({ error: String(error) }, 'a message could not be sent');
    try {
      const sent = relatedRequestId === undefined ? transport.send(message) : transport.send(message, { relatedRequestId });
      sent.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  const answer = (answered: JsonRpcResponse | JsonRpcResponse[] | undefined): void => {
    if (answered === undefined) return;
    for (const response of Array.isArray(answered) ? answered : [answered]) send(response, response.id);
  };

  let gone = false;
  const close = (): void => {
    if (!gone)
      transport.close().catch((error: unknown) => logger.debug({ error: String(error) }, 'a transport could not be closed'));
  };

  const session = open({ send, close });
  transport.onmessage = (message: unknown) => {
    const answered = session.receive(message);
    if (answered instanceof Promise) void answered.then(answer);
    else answer(answered);
  };
  transport.onclose = () => {
    gone = true;
    session.close();
  };
  try {
    await transport.start();
  } catch (error) {
    session.close(); // else the daemon would keep it forever
    throw error;
  }
  return session;
}

/** One end of {@link createTransportPair}. */
export interface PairedTransport extends Transport {
  onmessage?: ((message: unknown, extra?: unknown) => void) | undefined;
}

/** One end; `far` returns the other. Messages are copied, and arrive after `send` has returned, as on a real connection. */
function end(far: () => PairedTransport): PairedTransport & { closed: boolean } {
  const early: JsonRpcMessage[] = [];
  const self: PairedTransport & { closed: boolean; deliver: (message: JsonRpcMessage) => void; started: boolean } = {
    closed: false,
    started: false,
    deliver(message) {
      if (self.started) self.onmessage?.(message);
      else early.push(message);
    },
    async start() {
      self.started = true;
      for (const message of early.splice(0)) queueMicrotask(() => self.onmessage?.(message));
      return Promise.resolve();
    },
    send(message) {
      if (self.closed) return Promise.reject(new Error('this transport is closed'));
      const copy = JSON.parse(JSON.stringify(message)) as JsonRpcMessage;
      const other = far() as typeof self;
      queueMicrotask(() => other.deliver(copy));
      return Promise.resolve();
    },
    async close() {
      if (self.closed) return;
      self.closed = true;
      self.onclose?.();
      await far().close();
    },
  };
  return self;
}

/**
 * Creates two connected transports, to test a server without starting a process.
 *
 * @example
 * const [client, server] = createTransportPair();
 * await daemon.connect(server);
 * await new Client({ name: 'test', version: '1' }).connect(client);
 */
export function createTransportPair(): [client: PairedTransport, server: PairedTransport] {
  const client: PairedTransport = end(() => server);
  const server: PairedTransport = end(() => client);
  return [client, server];
}
