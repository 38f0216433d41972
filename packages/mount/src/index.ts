/** Other MCP servers, mounted in a daemon. */
export { createMounts } from './mounts.js';
export type { Mounts, MountsOptions } from './mounts.js';
export type { ParseJson } from './base/exact-lists.js';
export type { BegunUserLogin, LoginStore, LoginTarget, LoginTicket, UserLogins, UserLoginsOptions } from './http/index.js';
export type { LoggedOut, LoginPlace } from './logins.js';
export { CHAIN } from './open.js';
export type { OpenOptions } from './open.js';
export type { TextSource } from './secrets.js';
export type { ExtractedBundle, McpbCommand, McpbManifest, McpbOption, McpbValue } from './mcpb/index.js';
export { readManifest } from './mcpb/manifest.js';
export { checkSignature } from './mcpb/signature.js';
export type { McpbSignature, SignedArchive } from './mcpb/signature.js';
