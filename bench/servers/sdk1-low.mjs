/** SDK v1's low-level Server. It checks no arguments. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { functionOf, toolList, wanted } from './tools.mjs';

const tools = toolList(wanted());
const functions = new Map(tools.map(({ name }) => [name, functionOf(name)]));
const server = new Server({ name: 'bench', version: '1.0.0' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({
  content: [{ type: 'text', text: functions.get(params.name)(params.arguments) }],
}));
await server.connect(new StdioServerTransport());
