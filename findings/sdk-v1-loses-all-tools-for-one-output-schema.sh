#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 beside @modelcontextprotocol/client 2.4.0, seen on 2026-11-29 (Node 20.20.2).
#
# SDK v1 compiles the outputSchema of every tool while it lists them. If one cannot be compiled, listTools() rejects, and the client has
# no tools at all, not even those without an outputSchema. A pattern such as "^\d{4}\-\d{2}$" is enough: JavaScript accepts it, but
# not with the flag u, which the compiler sets. SDK v2 lists all tools, and refuses the calls of that one.
#
# Why it matters: JSON Schema only recommends the flag, and such patterns are in the schemas of public servers. One tool of one team
# hides the tools of everybody else from the clients that are most in use.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0 >/dev/null
cat >server.mjs <<'JS'
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
const server = new Server({ name: 'lab', version: '1' }, { capabilities: { tools: {} } });
const month = { type: 'object', properties: { month: { type: 'string', pattern: '^\\d{4}\\-\\d{2}$' } } };
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [
    { name: 'plain', inputSchema: { type: 'object' } },
    { name: 'month', inputSchema: { type: 'object' }, outputSchema: month },
  ],
}));
server.setRequestHandler(CallToolRequestSchema, () => ({
  content: [{ type: 'text', text: '2026-01' }],
  structuredContent: { month: '2026-01' },
}));
await server.connect(new StdioServerTransport());
JS
cat >client.mjs <<'JS'
const [core, stdio] = process.argv.slice(2);
const { Client } = await import(core);
const { StdioClientTransport } = await import(stdio);
const client = new Client({ name: 'lab', version: '1' });
await client.connect(new StdioClientTransport({ command: process.execPath, args: ['server.mjs'] }));
const listed = await client.listTools().then(({ tools }) => tools.length, () => 'error');
const calls = [];
for (const name of listed === 'error' ? [] : ['plain', 'month'])
  calls.push(await client.callTool({ name, arguments: {} }).then(() => 'works', () => 'error'));
console.log([listed, ...calls].join(' '));
await client.close();
JS
v1=$(node client.mjs @modelcontextprotocol/sdk/client/index.js @modelcontextprotocol/sdk/client/stdio.js)
v2=$(node client.mjs @modelcontextprotocol/client @modelcontextprotocol/client/stdio)
echo "SDK v1: the list of two tools gives: $v1"
echo "SDK v2: the list of two tools, a call of each: $v2"
[ "$v1" = "error" ] && [ "$v2" = "2 works error" ]
