#!/usr/bin/env bash
# @anthropic-ai/claude-code 2.1.332, seen on 2026-11-29 (Node 20.20.2).
#
# Claude Code cuts the description of an MCP tool after 4,096 characters, and the instructions of a server too, and writes
# "… [truncated]" behind them. Descriptions inside the inputSchema are not cut, however long they are. Nothing is said of it, to the
# person or to the server.
#
# Why it matters: rules such as "never call this without …" stand at the end of long descriptions. They are in tools/list, and a
# server's tests find them there, but the model has never read them. Text of one argument belongs into the schema, where it arrives.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @anthropic-ai/claude-code@2.1.332 >/dev/null
cat >server.mjs <<'JS'
import { createInterface } from 'node:readline';
const words = (length, end, letter = 'x') => letter.repeat(length - end.length) + end;
const schema = (description) => ({ type: 'object', properties: { a: { type: 'string', description } } });
const tools = [
  { name: 'fits', description: words(4096, 'END OF FITS'), inputSchema: schema('short') },
  { name: 'long', description: words(4097, 'END OF LONG'), inputSchema: schema(words(9000, 'END OF SCHEMA')) },
];
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const answers = {
    initialize: {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'lab', version: '1' },
      instructions: words(4097, 'END OF INSTRUCTIONS', 'y'),
    },
    'tools/list': { tools },
  };
  const answer = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no' } };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}
JS
cat >main.mjs <<'JS'
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
// Stands in for the model: keeps what it is sent, and says "Done.".
let sent;
const api = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  if (req.method !== 'POST' || !/messages(\?|$)/.test(req.url)) return void res.writeHead(404).end();
  const request = JSON.parse(body);
  if (request.tools?.some(({ name }) => name.startsWith('mcp__lab'))) sent ??= { body, tools: request.tools };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'stand-in', content: [], stop_reason: null, stop_sequence: null, usage };
  const events = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Done.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
  if (!request.stream) {
    res.setHeader('content-type', 'application/json');
    return void res.end(JSON.stringify({ ...message, content: [{ type: 'text', text: 'Done.' }], stop_reason: 'end_turn' }));
  }
  res.setHeader('content-type', 'text/event-stream');
  res.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
});
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
const here = process.cwd();
mkdirSync(`${here}/home`);
const servers = { mcpServers: { lab: { command: process.execPath, args: [`${here}/server.mjs`] } } };
const env = {
  PATH: process.env.PATH, HOME: `${here}/home`, ANTHROPIC_API_KEY: 'none', ANTHROPIC_BASE_URL: `http://127.0.0.1:${api.address().port}`,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1', ENABLE_TOOL_SEARCH: 'false',
};
const args = ['-p', 'go', '--mcp-config', JSON.stringify(servers), '--strict-mcp-config'];
const child = spawn(`${here}/node_modules/.bin/claude`, args, { cwd: `${here}/home`, env, stdio: ['ignore', 'ignore', 'ignore'] });
await new Promise((resolve) => child.once('exit', resolve));
for (const { name, description, input_schema } of sent.tools.filter(({ name }) => name.startsWith('mcp__lab'))) {
  const { a } = input_schema.properties;
  console.log(`${name}: ${description.length} characters, ends with "${description.slice(-19)}"; argument: ${a.description.length}`);
}
const [instructions = ''] = /y{4000}y*[^"\\]{0,40}/.exec(sent.body) ?? [];
console.log(`instructions: ${/END OF INSTRUCTION… \[truncated\]/.test(instructions) ? 'cut' : instructions.slice(-40)}`);
api.closeAllConnections();
api.close();
JS
node main.mjs | tee seen
[ "$(cat seen)" = 'mcp__lab__fits: 4096 characters, ends with "xxxxxxxxEND OF FITS"; argument: 5
mcp__lab__long: 4109 characters, ends with "OF LON… [truncated]"; argument: 9000
instructions: cut' ]
