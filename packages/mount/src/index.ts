/** Other MCP servers, mounted in a daemon. */
export { createMounts } from './mounts.js';
export type { Mounts, MountsOptions } from './mounts.js';
export type { BegunUserLogin, LoginTicket, UserLogins } from './http/index.js';
export type { LoggedOut, LoginPlace } from './logins.js';
export { CHAIN } from './open.js';
export type { OpenOptions } from './open.js';
export type { TextSource } from './secrets.js';
export type { ExtractedBundle, McpbManifest, McpbOption, McpbValue } from './mcpb/index.js';
export { readManifest } from './mcpb/manifest.js';
