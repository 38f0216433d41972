#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 beside @modelcontextprotocol/client 2.4.0, seen on 2026-11-29 (Node 20.20.2).
#
# MCP says that a schema without "$schema" is JSON Schema 2020-12. SDK v1 checks results as in draft-07, where "prefixItems" means
# nothing and "items" is for all items. So it refuses a correct result that is a tuple, whose schema is closed by "items": false or has
# another schema for the rest, although both sides have agreed on 2025-11-25. "$schema" with the URI of 2020-12 does not help.
# SDK v2 accepts it.
#
# Why it matters: this is how schema libraries write tuples. The server has checked the result and finds it correct, the user gets an
# error from the client, and nothing of it is in the log of the server.
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
const place = { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false };
const outputSchema = { type: 'object', properties: { place } };
const named = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...outputSchema };
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [
    { name: 'unnamed', inputSchema: { type: 'object' }, outputSchema },
    { name: 'named', inputSchema: { type: 'object' }, outputSchema: named },
  ],
}));
server.setRequestHandler(CallToolRequestSchema, () => ({
  content: [{ type: 'text', text: 'north 1.5' }],
  structuredContent: { place: ['north', 1.5] },
}));
await server.connect(new StdioServerTransport());
JS
cat >client.mjs <<'JS'
const [core, stdio] = process.argv.slice(2);
const { Client } = await import(core);
const { StdioClientTransport } = await import(stdio);
const client = new Client({ name: 'lab', version: '1' });
await client.connect(new StdioClientTransport({ command: process.execPath, args: ['server.mjs'] }));
await client.listTools();
const seen = [];
for (const name of ['unnamed', 'named'])
  seen.push(await client.callTool({ name, arguments: {} }).then(() => 'accepted', () => 'refused'));
console.log(seen.join(' '));
await client.close();
JS
v1=$(node client.mjs @modelcontextprotocol/sdk/client/index.js @modelcontextprotocol/sdk/client/stdio.js)
v2=$(node client.mjs @modelcontextprotocol/client @modelcontextprotocol/client/stdio)
echo "a correct tuple, by a schema without and with \"\$schema\": SDK v1 $v1, SDK v2 $v2"
[ "$v1" = "refused refused" ] && [ "$v2" = "accepted accepted" ]
