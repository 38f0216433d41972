/** What a body says about how it is to be served. */
import type { JsonObject } from '@mcp-daemon/core';
import { LEGACY_VERSIONS, META } from '@mcp-daemon/core';

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a version is one that has sessions. */
export const isLegacyVersion = (version: string): boolean => LEGACY_VERSIONS.some((known) => known === version);

/** Whether a message says of itself that it stands alone. */
function standsAlone(message: unknown): boolean {
  const params = isObject(message) ? message['params'] : undefined;
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) && META.protocolVersion in meta;
}

/** Whether a message begins a session. */
export const isHandshake = (message: unknown): boolean => isObject(message) && message['method'] === 'initialize';

/**
 * The era of one POST: modern if its message says so, or if its headers do and it neither has a session nor begins one.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions
 */
export function isModern(message: unknown, version: string | undefined, sessionId: string | undefined): boolean {
  if (standsAlone(message)) return true;
  if (version === undefined || sessionId !== undefined || isLegacyVersion(version)) return false;
  return !isHandshake(message);
}
