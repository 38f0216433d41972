/** SDK v1's McpServer, with zod schemas, over its Streamable HTTP transport. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

import { serveSessions } from './sdk-sessions.mjs';
import { register, schemas } from './zod-tools.mjs';

serveSessions(StreamableHTTPServerTransport, () => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  register(server, schemas.shapes);
  return server;
});
