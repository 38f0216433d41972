#!/usr/bin/env bash
# @modelcontextprotocol/client 2.4.0 and @modelcontextprotocol/sdk 1.32.2, seen on 2026-11-29 (Node 20.20.2 and 24).
#
# A server sends a progress notification and then the result. If the client reads both lines at once, as it does when either process
# was busy for a moment or a proxy stands between, both SDKs drop the notification: they hand notifications to their handlers a
# microtask later, and the result removes the handler of progress before that. Sent in two reads, the same lines arrive.
#
# Why it matters: the last step of a call ("100 of 100") is missing at times, and more often behind a server that passes calls on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/sdk@1.32.2 >/dev/null
cat >server.mjs <<'JS'
// A server by hand. Its tool sends one progress notification and its result: in one write, or in two that are read apart.
import { createInterface } from 'node:readline';
const apart = process.argv[2] === 'apart';
const line = (message) => JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n';
const serverInfo = { name: 's', version: '1' };
for await (const text of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(text);
  if (method === 'initialize')
    process.stdout.write(line({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } }));
  else if (method === 'tools/list') process.stdout.write(line({ id, result: { tools: [{ name: 'work', inputSchema: { type: 'object' } }] } }));
  else if (method === 'tools/call') {
    const { progressToken } = params._meta;
    const progress = line({ method: 'notifications/progress', params: { progressToken, progress: 100, total: 100 } });
    const result = line({ id, result: { content: [{ type: 'text', text: 'done' }] } });
    if (!apart) process.stdout.write(progress + result);
    else {
      process.stdout.write(progress);
      setTimeout(() => process.stdout.write(result), 500);
    }
  } else if (id !== undefined) process.stdout.write(line({ id, error: { code: -32601, message: 'no such method' } }));
}
JS
cat >main.mjs <<'JS'
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
async function seen(Client, Stdio, how, call) {
  const client = new Client({ name: 'c', version: '1' });
  await client.connect(new Stdio({ command: process.execPath, args: ['server.mjs', how] }));
  const steps = [];
  await call(client, (progress) => steps.push(progress.progress));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await client.close();
  return steps.join() || 'none';
}
const v1 = (client, onprogress) => client.callTool({ name: 'work', arguments: {} }, undefined, { onprogress });
const v2 = (client, onprogress) => client.callTool({ name: 'work', arguments: {} }, { onprogress });
for (const [name, Client, Stdio, call] of [['sdk 1.32.2', ClientV1, StdioV1, v1], ['client 2.4.0', ClientV2, StdioV2, v2]])
  for (const how of ['apart', 'together']) console.log(`${name}, ${how}: ${await seen(Client, Stdio, how, call)}`);
JS
node main.mjs | tee seen
diff - seen <<'EXPECTED'
sdk 1.32.2, apart: 100
sdk 1.32.2, together: none
client 2.4.0, apart: 100
client 2.4.0, together: none
EXPECTED
echo 'as described: progress that is read together with the result is dropped'
