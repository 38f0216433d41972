/** mcp-daemon over HTTP. */
export { createMcpHandler } from './handler.js';
export type { McpHandler, McpHandlerOptions } from './handler.js';
export type { Refusal } from './respond.js';
