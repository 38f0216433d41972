/** Why a request or a task ended before it was answered: its client, this server, or time. */
import { DaemonError } from './errors.js';

/**
 * `client`: it cancelled the request. `left`: its connection is closed, so nobody waits for the answer. `server`: the process is
 * shutting down. `expiry`: the task has expired.
 */
export type EndedBy = 'client' | 'left' | 'server' | 'expiry';

const SHUTDOWN = new DaemonError('closed', 'The server is shutting down.');
const LEFT = new DaemonError('closed', 'The client has left.');
const EXPIRY = new DaemonError('limit_exceeded', 'The task has expired.');

const REASONS: Partial<Record<EndedBy, DaemonError>> = { left: LEFT, server: SHUTDOWN, expiry: EXPIRY };

/**
 * The abort reason for a request's signal; see `Exchange.signal`.
 *
 * @returns undefined for the client: the default reason is enough
 */
export const abortReason = (by: EndedBy): DaemonError | undefined => REASONS[by];

/** Who aborted a signal. */
export function endedBy(signal: AbortSignal): EndedBy {
  const reason: unknown = signal.reason;
  if (reason === LEFT) return 'left';
  if (reason === EXPIRY) return 'expiry';
  return reason instanceof DaemonError && reason.code === 'closed' ? 'server' : 'client';
}
