/**
 * The protocol versions and their features. Only this file compares versions.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/changelog
 */

/** Protocol versions that start with an `initialize` handshake, newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** Protocol versions that carry their metadata on every request, newest first. */
export const MODERN_VERSIONS = ['2026-07-28'] as const;

/** One protocol version of either era. See {@link supports}. */
export type ProtocolVersion = (typeof LEGACY_VERSIONS)[number] | (typeof MODERN_VERSIONS)[number];

/** How a request is served: `legacy` after an `initialize` handshake, `modern` by the `_meta` it carries. */
export type Era = 'legacy' | 'modern';

/** The first version that has each of these. */
const SINCE = {
  /** Content blocks of type `audio`. */
  audio: '2025-03-26',
  /** The capability `completions`. */
  completions: '2025-03-26',
  /** `message` in progress notifications. */
  progressMessage: '2025-03-26',
  /** Content blocks of type `resource_link`. */
  resourceLink: '2025-06-18',
  /** `structuredContent` in tool results, an object. */
  structuredObject: '2025-06-18',
  /** `title`, `icons` and the other members of `serverInfo` besides name and version. */
  serverDetails: '2025-06-18',
  /** The capability `extensions`. Servers of older versions are asked for it by hosts with MCP Apps, too. */
  extensions: '2025-06-18',
  /** `mode` in elicitation requests. */
  elicitationMode: '2025-11-25',
  /** An empty first event, so that a client can resume a stream that broke before its first message (HTTP). */
  primingEvent: '2025-11-25',
  /** `true` and `false` as the schema of a property. */
  booleanSchemas: '2026-07-28',
  /** `structuredContent` that is not an object. */
  structuredAny: '2026-07-28',
} as const satisfies Record<string, ProtocolVersion>;

/** A feature that depends on the protocol version. */
export type Feature = keyof typeof SINCE;

/** Whether a version of the protocol has a feature. Versions are dates, and dates compare as strings. */
export const supports = (version: ProtocolVersion, feature: Feature): boolean => version >= SINCE[feature];

/**
 * Whether several messages may come as one JSON array. 2025-03-26 added it and 2025-06-18 removed it. Older clients may send
 * batches, too.
 */
export const hasBatches = (version: ProtocolVersion): boolean => version < '2025-06-18';
