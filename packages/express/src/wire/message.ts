/** The era of a message: with sessions (legacy) or without (modern). */
import type { IncomingMessage } from 'node:http';

import type { JsonObject } from '@mcp-daemon/core';
import { isObject, LEGACY_VERSIONS, META } from '@mcp-daemon/core';

/** Whether a protocol version has sessions. */
export const isLegacyVersion = (version: string): boolean => LEGACY_VERSIONS.some((known) => known === version);

/** Whether a message has the metadata of a request without a session. */
function hasModernMeta(message: unknown): boolean {
  const params = isObject(message) ? message['params'] : undefined;
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) && META.protocolVersion in meta;
}

/** Two proxies may both add the version: `v, v` is `v`. Different versions stay as they are, and are refused later. */
export function joinVersions({ headers }: IncomingMessage): void {
  const version = headers['mcp-protocol-version'];
  if (typeof version !== 'string' || !version.includes(',')) return; // nearly always
  const [first = '', ...more] = version.split(',').map((one) => one.trim());
  if (more.every((one) => one === first)) headers['mcp-protocol-version'] = first;
}

/** Whether a message begins a session. */
export const isHandshake = (message: unknown): message is JsonObject => isObject(message) && message['method'] === 'initialize';

/**
 * Whether one POST is of the modern era: its message has the metadata; or its header names a modern version, and it neither belongs to a
 * session nor begins one.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions
 */
export function isModern(message: unknown, version: string | undefined, sessionId: string | undefined): boolean {
  if (hasModernMeta(message)) return true;
  if (version === undefined || sessionId !== undefined || isLegacyVersion(version)) return false;
  return !isHandshake(message);
}
