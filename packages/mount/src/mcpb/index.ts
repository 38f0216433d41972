/** Servers in `.mcpb` bundles. Loaded only for them. */
export { commandOfBundle } from './command.js';
export type { ExtractedBundle } from './command.js';
export { readManifest } from './manifest.js';
export type { McpbCommand, McpbManifest, McpbOption, McpbValue } from './manifest.js';
