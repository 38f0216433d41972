/** SDK v2's McpServer, with zod schemas, over HTTP. */
import { McpServer } from '@modelcontextprotocol/server';

import { serve } from './sdk2-http.mjs';
import { register, schemas } from './zod-tools.mjs';

serve(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  register(server, schemas.objects);
  return server;
});
