/**
 * HTTP pipelining: a response that waits for an earlier one on the same connection.
 *
 * Node 20: such a response gets no `close` event when the connection closes. Node 24 emits it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const waiting = new WeakMap<Socket, Set<ServerResponse>>();

/** Makes sure that a response emits `close` when its connection closes, even while it waits for an earlier response. */
export function closeWithConnection({ socket }: IncomingMessage, res: ServerResponse): void {
  if (res.socket !== null) return; // nearly always
  if (socket.destroyed) {
    res.destroy();
    return;
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
  if (behind.has(res)) return;
  const all = behind.add(res);
  for (const event of ['socket', 'close']) res.once(event, () => all.delete(res));
}
