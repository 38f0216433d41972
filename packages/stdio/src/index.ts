/** The stdio transport of mcp-daemon. */
export { serveStdio } from './serve.js';
export type { StdioOptions, StdioServer } from './serve.js';
