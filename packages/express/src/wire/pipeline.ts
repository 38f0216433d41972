/** Responses that wait behind others on their connection: node:http does not tell them that it has closed. */
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
    socket.once('close', () => {
      for (const one of all) {
        one.destroy();
        one.emit('close');
      }
    });
  }
  if (behind.has(res)) return;
  const all = behind.add(res);
  res.once('socket', () => all.delete(res));
}
