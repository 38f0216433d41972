/** What requests over MCP have in common. */

/** The version of MCP in which a request needs no session. */
export const MCP_VERSION = '2026-07-28';

/** The beginning of the protocol's own names in `_meta`. */
export const META_PREFIX = 'io.modelcontextprotocol/';

/** A text for an HTTP header. What a header cannot carry is in base64, as MCP writes it. */
export function headerText(text: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return text;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
}
