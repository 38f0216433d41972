/** Who ended a request before it was answered: its client, or this server. */
import { DaemonError } from './errors.js';

/** `client`: it cancelled the request, or left. `server`: the process is shutting down. */
export type EndedBy = 'client' | 'server';

const SHUTDOWN = new DaemonError('closed', 'The server is shutting down.');

/**
 * The abort reason for a request's signal; see `Exchange.signal`.
 *
 * @returns undefined for the client: the default reason is enough
 */
export const abortReason = (by: EndedBy): DaemonError | undefined => (by === 'server' ? SHUTDOWN : undefined);

/** Who aborted a signal. */
export function endedBy(signal: AbortSignal): EndedBy {
  const reason: unknown = signal.reason;
  return reason instanceof DaemonError && reason.code === 'closed' ? 'server' : 'client';
}
