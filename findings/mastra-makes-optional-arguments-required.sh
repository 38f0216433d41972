#!/usr/bin/env bash
# @mastra/mcp 2.0.0 and @mastra/core 1.71.0 with @ai-sdk/openai 3.0.141, seen on 2026-11-29 (Node 20.20.2).
#
# With an OpenAI model, an agent tells the model that every argument of an MCP tool is required, and may be null where the server's
# inputSchema says that it is optional. Limits and formats become sentences in the description. The nulls of the model are left out
# of the call, so a server never sees them.
#
# Why it matters: what the model is told about a tool is not what tools/list says. A schema in which null means something of its own ("no
# limit") loses that: the null that the model writes never arrives, and the server uses the default.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @mastra/mcp@2.0.0 @mastra/core@1.71.0 @ai-sdk/openai@3.0.141 @modelcontextprotocol/sdk@1.32.2 zod@4.6.7 >/dev/null
cat >server.mjs <<'JS'
import { appendFileSync } from 'node:fs';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
const inputSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 14 } },
  required: ['city'],
};
const server = new Server({ name: 'lab', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: 'weather', description: 'The weather.', inputSchema }] }));
server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  appendFileSync('calls.txt', JSON.stringify(params.arguments));
  return { content: [{ type: 'text', text: 'sunny' }] };
});
await server.connect(new StdioServerTransport());
JS
cat >agent.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createOpenAI } from '@ai-sdk/openai';
import { Agent } from '@mastra/core/agent';
import { MCPClient } from '@mastra/mcp';
// Stands in for the model: calls the tool with null for the optional argument, and then says "done".
let told;
const api = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  const { tools, messages } = JSON.parse(body);
  told ??= tools[0].function;
  const call = { id: 'c1', type: 'function', function: { name: told.name, arguments: '{"city":"Oslo","days":null}' } };
  const asked = messages.some(({ role }) => role === 'tool');
  const message = asked ? { role: 'assistant', content: 'done' } : { role: 'assistant', content: null, tool_calls: [call] };
  res.setHeader('content-type', 'application/json');
  const choices = [{ index: 0, message, finish_reason: asked ? 'stop' : 'tool_calls' }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  res.end(JSON.stringify({ id: 'r', object: 'chat.completion', created: 1, model: 'stand-in', choices, usage }));
});
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
const client = new MCPClient({ servers: { lab: { command: process.execPath, args: ['server.mjs'] } } });
const model = createOpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${api.address().port}/v1` }).chat('stand-in');
const agent = new Agent({ id: 'a', name: 'a', instructions: 'Use the tool.', model, tools: await client.listTools() });
await agent.generate('How is the weather in Oslo?', { maxSteps: 3 });
console.log('required:', told.parameters.required.join(' '));
console.log('days:', JSON.stringify(told.parameters.properties.days));
console.log('call:', readFileSync('calls.txt', 'utf8'));
await client.disconnect();
api.close();
JS
seen=$(MASTRA_TELEMETRY_DISABLED=1 node agent.mjs 2>/dev/null | grep -E '^(required|days|call):')
echo "The server says: only \"city\" is required, \"days\" is an integer from 1 to 14. What the model was told, and what the server got:"
echo "$seen"
grep -qx 'required: city days' <<<"$seen" && grep -q '"null"' <<<"$seen" && ! grep -q '"minimum"' <<<"$seen" && grep -qx 'call: {"city":"Oslo"}' <<<"$seen"
