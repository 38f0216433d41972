/** The URL under which clients reach the server. */
import { DaemonError } from '@mcp-daemon/core';

/** A public URL in parts. */
export interface PublicUrl {
  /** Such as `https://example.com`. */
  readonly origin: string;
  /** The path that a proxy strips, without a slash at its end: `/tools`, or an empty text. */
  readonly prefix: string;
}

/**
 * Reads `PUBLIC_URL`.
 *
 * @throws DaemonError `usage` if it is not an http or https URL, or has a query or a user
 */
export function parsePublicUrl(text: string): PublicUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const { origin = '', pathname = '', protocol = '', href } = url ?? {};
  if (/^https?:$/.test(protocol) && href === origin + pathname && /^(\/[\w.~%-]+)*\/?$/.test(pathname))
    return { origin, prefix: pathname.replace(/\/$/, '') };
  throw new DaemonError('usage', 'PUBLIC_URL must be a URL such as https://mcp.example.com or https://example.com/tools');
}
