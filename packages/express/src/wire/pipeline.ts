/**
 * HTTP pipelining: a response that waits for an earlier one on the same connection.
 *
 * Node 20: such a response gets no `close` event when the connection closes. Node 24 emits it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * How many responses of one connection may wait. Node parses all requests that it has read before it writes the first response, so that
 * one packet can hold a thousand small ones. No browser sends requests before it has the responses to earlier ones.
 */
const MAX_WAITING = 32;

const waiting = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Makes sure that a response emits `close` when its connection closes, even while it waits for an earlier response. A connection with more
 * than 32 responses that wait is closed.
 *
 * @returns false where the connection is closed, so that the request need not be served
 */
export function closeWithConnection({ socket }: IncomingMessage, res: ServerResponse): boolean {
  if (res.socket !== null) return true; // nearly always
  if (socket.destroyed) {
    res.destroy();
    return false;
  }
  let behind = waiting.get(socket);
  if (behind === undefined) {
    const all = (behind = new Set());
    waiting.set(socket, all);
    // After node:http has emitted its own events, so that no response gets `close` twice.
    socket.once('close', () =>
      setImmediate(() => {
        for (const one of [...all]) {
          one.destroy();
          one.emit('close');
        }
      }),
    );
  }
  if (behind.has(res)) return true;
  if (behind.size >= MAX_WAITING) {
    socket.destroy();
    res.destroy();
    return false;
  }
  const all = behind.add(res);
  for (const event of ['socket', 'close']) res.once(event, () => all.delete(res));
  return true;
}
