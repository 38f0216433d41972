/** Who ended a request before its answer: its client, or this server. */
import { DaemonError } from './errors.js';

/** `client`: it cancelled the request, or left. `server`: the process is shutting down. */
export type EndedBy = 'client' | 'server';

const SHUTDOWN = new DaemonError('closed', 'The server is shutting down.');

/**
 * The reason to abort the signal of a request with; see `Exchange.signal`.
 *
 * @returns undefined for the client: the signal's own reason says enough
 */
export const abortReason = (by: EndedBy): DaemonError | undefined => (by === 'server' ? SHUTDOWN : undefined);

/** Who aborted a signal. */
export function endedBy(signal: AbortSignal): EndedBy {
  const reason: unknown = signal.reason;
  return reason instanceof DaemonError && reason.code === 'closed' ? 'server' : 'client';
}
