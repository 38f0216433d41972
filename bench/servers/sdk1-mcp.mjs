/** SDK v1's McpServer, with zod schemas. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

import { register, schemas } from './zod-tools.mjs';

const server = new McpServer({ name: 'bench', version: '1.0.0' });
register(server, schemas.shapes);
await server.connect(new StdioServerTransport());
