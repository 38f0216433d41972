/** The answer to a message that is refused as a whole. */
import type { DaemonError } from './errors.js';
import { toRpcError } from './errors.js';
import type { JsonRpcResponse } from './messages.js';

/** The answer to a message that is refused. @returns undefined if the message expects no answer */
export function refusalOf(message: unknown, error: DaemonError): JsonRpcResponse | undefined {
  const { id, method } = (message ?? {}) as { id?: unknown; method?: unknown };
  if (typeof method !== 'string' || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  return { jsonrpc: '2.0', id, error: toRpcError(error, 'modern') };
}
