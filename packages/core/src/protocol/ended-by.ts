/** Why a request ended before it was answered: its client cancelled it or left, or this server shuts down. */
import { DaemonError } from './errors.js';

/**
 * `client`: it cancelled the request. `left`: its connection is closed, so nobody waits for the answer. `server`: the process is
 * shutting down.
 */
export type EndedBy = 'client' | 'left' | 'server';

const SHUTDOWN = new DaemonError('closed', 'The server is shutting down.');
const LEFT = new DaemonError('closed', 'The client has left.');

/**
 * The abort reason for a request's signal; see `Exchange.signal`.
 *
 * @returns undefined for the client: the default reason is enough
 */
export const abortReason = (by: EndedBy): DaemonError | undefined =>
  by === 'server' ? SHUTDOWN : by === 'left' ? LEFT : undefined;

/** Who aborted a signal. */
export function endedBy(signal: AbortSignal): EndedBy {
  const reason: unknown = signal.reason;
  if (reason === LEFT) return 'left';
  return reason instanceof DaemonError && reason.code === 'closed' ? 'server' : 'client';
}
