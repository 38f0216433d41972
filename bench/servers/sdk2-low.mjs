/** SDK v2's low-level Server, in both eras. It checks no arguments. */
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import { functionOf, toolList, wanted } from './tools.mjs';

const tools = toolList(wanted());
const functions = new Map(tools.map(({ name }) => [name, functionOf(name)]));
serveStdio(() => {
  const server = new Server({ name: 'bench', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools }));
  server.setRequestHandler('tools/call', ({ params }) => ({
    content: [{ type: 'text', text: functions.get(params.name)(params.arguments) }],
  }));
  return server;
});
