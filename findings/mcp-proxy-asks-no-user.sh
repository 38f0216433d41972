#!/usr/bin/env bash
# mcp-proxy 6.7.19 with @modelcontextprotocol/sdk 1.32.2, seen on 2026-11-29 (Node 20.20.2).
#
# mcp-proxy serves a stdio server over HTTP. It passes on capabilities, instructions, progress, log messages, list changes and _meta, and
# so looks transparent. But to the server it is a client of its own: it declares no capabilities, whatever the client behind it can do,
# and the name and version are its own. A server that asks the user (elicitation), the model (sampling) or for the roots is told that
# the client cannot do it.
#
# Why it matters: a call that needs an answer of the user works with the same client over stdio, and is refused behind the proxy. The
# client that a server keeps in its log is "mcp-proxy" for everybody.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mcp-proxy@6.7.19 @modelcontextprotocol/sdk@1.32.2 >/dev/null
cat >server.mjs <<'JS'
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
const server = new Server({ name: 'lab', version: '1' }, { capabilities: { tools: {}, logging: {} }, instructions: 'Say please.' });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: 'work', inputSchema: { type: 'object' } }] }));
server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification }) => {
  const { progressToken, trace } = params._meta;
  await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
  await server.sendLoggingMessage({ level: 'info', data: 'at work' });
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the client drops progress that it reads together with the result
  const requestedSchema = { type: 'object', properties: { ok: { type: 'boolean' } } };
  const answer = await server.elicitInput({ message: 'Go on?', requestedSchema }).then(({ action }) => action, ({ message }) => message);
  const seen = { client: server.getClientVersion().name, can: Object.keys(server.getClientCapabilities()), trace, answer };
  return { content: [{ type: 'text', text: JSON.stringify(seen) }] };
});
await server.connect(new StdioServerTransport());
JS
cat >main.mjs <<'JS'
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
async function look(how, transport) {
  const client = new Client({ name: 'the-client', version: '1' }, { capabilities: { elicitation: {}, roots: {} } });
  const got = [];
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { ok: true } }));
  client.setNotificationHandler(LoggingMessageNotificationSchema, () => void got.push('log'));
  await client.connect(transport);
  const call = { name: 'work', arguments: {}, _meta: { trace: 't1' } };
  const { content } = await client.callTool(call, undefined, { onprogress: () => void got.push('progress') });
  console.log(`${how}: ${client.getInstructions()} ${got.sort().join(', ')}`);
  console.log(`  the server: ${content[0].text}`);
  await client.close();
}
await look('direct', new StdioClientTransport({ command: process.execPath, args: ['server.mjs'] }));
const probe = createServer().listen(0, '127.0.0.1');
await new Promise((resolve) => probe.once('listening', resolve));
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
const args = ['node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs', '--host', '127.0.0.1', '--port', String(port), '--', process.execPath, 'server.mjs'];
const proxy = spawn(process.execPath, args, { stdio: 'ignore', detached: true });
const answers = () => fetch(`http://127.0.0.1:${port}/ping`).then(() => true, () => false);
while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 100));
await look('mcp-proxy', new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
process.kill(-proxy.pid);
JS
timeout 120 node main.mjs | tee seen
[ "$(cat seen)" = 'direct: Say please. log, progress
  the server: {"client":"the-client","can":["elicitation","roots"],"trace":"t1","answer":"accept"}
mcp-proxy: Say please. log, progress
  the server: {"client":"mcp-proxy","can":[],"trace":"t1","answer":"Client does not support form elicitation."}' ]
