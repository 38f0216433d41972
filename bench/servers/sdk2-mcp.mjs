/** SDK v2's McpServer, with zod schemas, in both eras. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import { register, schemas } from './zod-tools.mjs';

serveStdio(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  register(server, schemas.objects);
  return server;
});
