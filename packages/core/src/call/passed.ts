/** Results of other MCP servers. They pass through as they are. */
import type { JsonObject } from '../base/json.js';
import type { FunctionDefinition, PassedAnswer } from '../ports/definition.js';
import { DaemonError, isLegacyNotFound, UpstreamError } from '../protocol/errors.js';

/**
 * The result of a function of another server.
 *
 * @param returned what its runner returned
 * @returns undefined if the function does not belong to another server
 * @throws DaemonError `upstream_error` or `resource_not_found`, if the other server answered with an error
 */
export function passedResult({ binding }: FunctionDefinition, returned: unknown): JsonObject | undefined {
  if (binding.kind !== 'link' || !binding.passThrough) return undefined;
  const { result = {}, error } = returned as PassedAnswer;
  if (error === undefined) return result;
  const { code, message, data } = error;
  // Each era has its own number for it.
  if (isLegacyNotFound(code)) throw new DaemonError('resource_not_found', message, { data });
  throw new UpstreamError(code, message, data);
}
