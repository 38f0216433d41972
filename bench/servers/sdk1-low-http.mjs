/** SDK v1's low-level Server over its Streamable HTTP transport. It checks no arguments. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { serveSessions } from './sdk-sessions.mjs';
import { functionOf, toolList, wanted } from './tools.mjs';

const tools = toolList(wanted());
const functions = new Map(tools.map(({ name }) => [name, functionOf(name)]));
serveSessions(StreamableHTTPServerTransport, () => {
  const server = new Server({ name: 'bench', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({
    content: [{ type: 'text', text: functions.get(params.name)(params.arguments) }],
  }));
  return server;
});
