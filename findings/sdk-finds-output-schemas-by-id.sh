#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 and @modelcontextprotocol/client 2.4.0, seen on 2026-11-29 (Node 20.20.2).
#
# A client keeps the outputSchema of each tool that it has listed, and checks results against it. If two tools have schemas with the same
# "$id", the first one counts for both: a correct result of the second tool is refused, with the message that it does not fit the
# tool's schema. It is so for one tool as well, after the server has changed its schema and the client has listed the tools again.
#
# Why it matters: each outputSchema in a list is a document of its own, and generators write an "$id" into it. A server that renews its
# tools while clients are connected must not show a new schema under an "$id" that the client has seen.
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
const tool = (name, type) => ({
  name,
  inputSchema: { type: 'object' },
  outputSchema: { $id: 'answer', type: 'object', properties: { value: { type } } },
});
let lists = 0;
server.setRequestHandler(ListToolsRequestSchema, () => {
  lists += 1;
  // The first tool has another schema from the second list on.
  return { tools: [tool('first', lists === 1 ? 'string' : 'integer'), tool('second', 'integer')] };
});
server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  const value = params.name === 'first' && lists === 1 ? 'one' : 1;
  return { content: [{ type: 'text', text: String(value) }], structuredContent: { value } };
});
await server.connect(new StdioServerTransport());
JS
cat >client.mjs <<'JS'
const [core, stdio] = process.argv.slice(2);
const { Client } = await import(core);
const { StdioClientTransport } = await import(stdio);
const client = new Client({ name: 'lab', version: '1' });
await client.connect(new StdioClientTransport({ command: process.execPath, args: ['server.mjs'] }));
const accepts = (name) => client.callTool({ name, arguments: {} }).then(() => 'accepted', () => 'refused');
await client.listTools();
const seen = [await accepts('first'), await accepts('second')];
await client.listTools();
seen.push(await accepts('first'));
console.log(seen.join(' '));
await client.close();
JS
v1=$(node client.mjs @modelcontextprotocol/sdk/client/index.js @modelcontextprotocol/sdk/client/stdio.js)
v2=$(node client.mjs @modelcontextprotocol/client @modelcontextprotocol/client/stdio)
for line in "SDK v1: $v1" "SDK v2: $v2"; do
  echo "$line   (correct results: of the first tool, of the second tool with the same \$id, of the first after its schema changed)"
done
[ "$v1" = "accepted refused refused" ] && [ "$v2" = "accepted refused refused" ]
