#!/usr/bin/env bash
# @modelcontextprotocol/sdk 1.32.2 and @modelcontextprotocol/client 2.4.0, seen on 2026-11-29 (Node 20.20.2 and 24).
#
# "lastModified" in annotations is text in ISO 8601. Both SDKs take it only with seconds and a zone. A date, or a time without a zone, as
# Python's datetime.isoformat() writes it, makes them refuse the whole answer: one resource of that kind, and the client lists none;
# one link of that kind in a result, and the call fails, in both eras of the protocol. The message is about a pattern, and names no
# resource. The annotation is only a hint, and these clients do nothing else with it.
#
# Why it matters: it is the whole list that is lost, of everybody whose resources are in it. A server that merges lists, or passes on
# what functions return, has to bring such times into the long form.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0 >/dev/null
cat >server.mjs <<'JS'
// A server by hand, of 2025-11-25 or of 2026-07-28. Its second resource, and the link in its result, have the given time.
import { createInterface } from 'node:readline';
const [era, lastModified] = process.argv.slice(2);
const more = era === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};
const serverInfo = { name: 's', version: '1' };
const capabilities = { tools: {}, resources: {} };
const one = { uri: 'x://1', name: 'one' };
const two = { uri: 'x://2', name: 'two', annotations: { lastModified } };
const answers = {
  initialize: era === 'legacy' && { protocolVersion: '2025-11-25', serverInfo, capabilities },
  'server/discover': era === 'modern' && { ...more, supportedVersions: ['2026-07-28'], serverInfo, capabilities },
  'resources/list': { ...more, resources: [one, two] },
  'tools/call': { ...more, content: [{ type: 'text', text: 'found' }, { type: 'resource_link', ...two }] },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line);
  const answer = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no' } };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}
JS
cat >main.mjs <<'JS'
import { Client as V2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio';
import { Client as V1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js';
const CLIENTS = [
  ['v1', 'legacy', V1, Stdio1, {}],
  ['v2', 'legacy', V2, Stdio2, {}],
  ['v2', 'modern', V2, Stdio2, { versionNegotiation: { mode: 'auto' } }],
];
const outcome = (promise, count) => promise.then(count, ({ message }) => (/datetime/.test(message) ? 'refused' : message));
for (const time of ['2025-01-12T15:00:58Z', '2025-01-12', '2025-01-12T15:00:58.123456'])
  for (const [name, era, Client, Transport, options] of CLIENTS) {
    const client = new Client({ name: 'c', version: '1' }, options);
    await client.connect(new Transport({ command: process.execPath, args: ['server.mjs', era, time] }));
    const listed = await outcome(client.listResources(), ({ resources }) => `${resources.length} resources`);
    const called = await outcome(client.callTool({ name: 't', arguments: {} }), ({ content }) => `${content.length} blocks`);
    console.log(`${time}, ${name} ${era}: list: ${listed}, result: ${called}`);
    await client.close();
  }
JS
node main.mjs | tee seen
expected=$(for time in 2025-01-12T15:00:58Z 2025-01-12 2025-01-12T15:00:58.123456; do
  for client in 'v1 legacy' 'v2 legacy' 'v2 modern'; do
    case $time in *Z) echo "$time, $client: list: 2 resources, result: 2 blocks" ;; *) echo "$time, $client: list: refused, result: refused" ;; esac
  done
done)
[ "$(cat seen)" = "$expected" ]
