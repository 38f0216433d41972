/** The stdio transport of mcp-daemon. */
export { serveStdio } from './serve.js';
export type { StdioOptions, StdioServer } from './serve.js';
export { createLineReader } from './lines.js';
export type { LineReader, LineReaderOptions } from './lines.js';
