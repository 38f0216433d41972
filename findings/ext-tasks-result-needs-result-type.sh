#!/usr/bin/env bash
# @modelcontextprotocol/ext-tasks 0.2.2 with @modelcontextprotocol/client 2.4.0, seen on 2026-11-29 (Node 20.20.2 and 24).
#
# The state of a completed task carries its result. The examples of the Tasks specification of 2026-07-28 show that result with its
# content alone; the rule beside them says that it is what the call would have returned, which has a "resultType" of its own in this
# version. The official client follows the rule: where the inner "resultType" is missing, a task that has done its work ends with
# TaskFailedError, in words that speak of a schema.
#
# Why it matters: a server that is written after the examples looks right on the wire, and its users see every finished task as failed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/ext-tasks@0.2.2 @modelcontextprotocol/client@2.4.0 >/dev/null
cat >server.mjs <<'JS'
// A server of 2026-07-28 by hand: its tool becomes a task, which is completed at the first look.
import { createInterface } from 'node:readline';
const inner = process.argv[2] === 'with' ? { resultType: 'complete' } : {};
const now = new Date().toISOString();
const task = { taskId: 't1', createdAt: now, lastUpdatedAt: now, ttlMs: 60000, pollIntervalMs: 10 };
const result = {
  'server/discover': {
    resultType: 'complete', supportedVersions: ['2026-07-28'], serverInfo: { name: 's', version: '1' }, ttlMs: 0, cacheScope: 'private',
    capabilities: { tools: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } },
  },
  'tools/list': { resultType: 'complete', tools: [{ name: 'work', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
  'tools/call': { resultType: 'task', status: 'working', ...task },
  'tasks/get': { resultType: 'complete', status: 'completed', ...task, result: { ...inner, content: [{ type: 'text', text: 'done' }] } },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line);
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(result[method] ? { result: result[method] } : { error: { code: -32601, message: 'no' } }) }));
}
JS
cat >main.mjs <<'JS'
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';
const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
async function outcome(how) {
  const transport = new StdioClientTransport({ command: process.execPath, args: ['server.mjs', how] });
  const client = new Client({ name: 'c', version: '1' }, { capabilities, versionNegotiation: { mode: 'auto' } });
  await client.connect(transport);
  const waiting = new Map();
  const { onmessage } = transport;
  transport.onmessage = (message, ...more) => (waiting.get(message.id) ?? ((m) => onmessage.call(transport, m, ...more)))(message);
  let next = 0;
  const session = createTaskSessionFromClient(client, {
    endpointId: 's',
    v2RequestFraming: { protocolVersion: '2026-07-28', clientInfo: { name: 'c', version: '1' }, clientCapabilities: capabilities },
    rawDispatch: (request) => new Promise((resolve) => {
      const id = `raw-${(next += 1)}`;
      waiting.set(id, ({ result, error }) => resolve(error ? { kind: 'error', error } : { kind: 'result', result }));
      void transport.send({ jsonrpc: '2.0', ...request, id });
    }),
  });
  try {
    const execution = await session.callTool('work', {});
    const { outcome: end } = await execution.settle();
    return `${execution.kind}: ${resultFromTaskOutcome(end).content[0].text}`;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  } finally {
    await session.close().catch(() => {});
    await client.close();
  }
}
for (const how of ['with', 'without']) console.log(`${how} resultType in result: ${await outcome(how)}`);
JS
seen=$(node main.mjs)
echo "$seen"
[ "$seen" = "with resultType in result: task: done
without resultType in result: TaskFailedError: Protocol value failed schema validation" ]
