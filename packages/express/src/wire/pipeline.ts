/** Responses that wait behind others on their connection: node:http of Node 20 does not tell them that it has closed, that of 24 does. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const waiting = new WeakMap<Socket, Set<ServerResponse>>();

/** Has a response close with its connection even while one to an earlier request is before it there. */
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
    // Once node:http has had its turn: whoever it has told is not told again.
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
