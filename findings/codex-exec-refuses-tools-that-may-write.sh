#!/usr/bin/env bash
# @openai/codex 0.171.0, seen on 2026-11-29 (Node 20.20.2).
#
# `codex exec` asks nobody, so it refuses each call of an MCP tool that would need an approval: "MCP tool call requires approval, but
# approval policy is never". The server sees nothing of the call. Needed is an approval for every tool, but for those with
# "readOnlyHint": true, and those that say both "destructiveHint": false and "openWorldHint": false; a tool without annotations counts
# as destructive and open, as in the specification. "destructiveHint": false alone changes nothing. default_tools_approval_mode =
# "approve" in the entry of the server lets all tools run.
#
# Why it matters: annotations are hints, and many servers have none. Their tools are listed to the model, and fail wherever Codex runs
# without a person, such as in CI, with nothing in the log or the record of the server.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @openai/codex@0.171.0 >/dev/null
cat >server.mjs <<'JS'
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const ANNOTATIONS = {
  none: undefined,
  reads: { readOnlyHint: true },
  adds: { destructiveHint: false },
  adds_here: { destructiveHint: false, openWorldHint: false },
};
const tools = Object.entries(ANNOTATIONS).map(([name, annotations]) => ({ name, inputSchema: { type: 'object' }, annotations }));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === 'tools/call') appendFileSync(process.argv[2], `${params.name} `);
  const answers = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'lab', version: '1' } },
    'tools/list': { tools },
    'tools/call': { content: [{ type: 'text', text: 'done' }] },
  };
  const answer = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no' } };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}
JS
cat >main.mjs <<'JS'
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
// Stands in for the model: calls one tool after the other.
let asked = [];
const api = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  if (req.method !== 'POST') return void res.writeHead(404).end();
  const { tools, input } = JSON.parse(body);
  asked = input.filter(({ type }) => type === 'function_call_output');
  const tool = tools.find(({ name }) => name === 'mcp__lab').tools[asked.length];
  const item = tool
    ? { type: 'function_call', id: `f${asked.length}`, call_id: `c${asked.length}`, name: tool.name, namespace: 'mcp__lab', arguments: '{}' }
    : { type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'Done.', annotations: [] }] };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const events = [
    { type: 'response.created', response: { id: 'r' } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id: 'r', usage } },
  ];
  res.setHeader('content-type', 'text/event-stream');
  res.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
});
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
const text = (value) => JSON.stringify(value);
async function calls(name, entry) {
  const home = `${process.cwd()}/${name}`;
  mkdirSync(`${home}/.codex`, { recursive: true });
  const provider = `name="s",base_url="http://127.0.0.1:${api.address().port}/v1",env_key="KEY",wire_api="responses"`;
  const args = [`${process.cwd()}/server.mjs`, `${home}/calls`];
  writeFileSync(`${home}/calls`, '');
  writeFileSync(
    `${home}/.codex/config.toml`,
    `model = "stand-in"\nmodel_provider = "s"\ncheck_for_update_on_startup = false\n[analytics]\nenabled = false\n[features]\nplugins = false\napps = false\n` +
      `[model_providers]\ns = { ${provider} }\n[mcp_servers.lab]\ncommand = ${text(process.execPath)}\nargs = ${text(args)}\nrequired = true\n${entry}\n`,
  );
  const env = { PATH: process.env.PATH, HOME: home, KEY: 'none' };
  const command = `${process.cwd()}/node_modules/.bin/codex`;
  const child = spawn(command, ['exec', '--skip-git-repo-check', 'go'], { cwd: home, env, stdio: ['ignore', 'ignore', 'ignore'] });
  await new Promise((resolve) => child.once('exit', resolve));
  const refused = asked.filter(({ output }) => JSON.stringify(output).includes('requires approval, but approval policy is never'));
  console.log(`${name}: called: ${readFileSync(`${home}/calls`, 'utf8')}refused: ${refused.length}`);
}
await calls('default', '');
await calls('approved', 'default_tools_approval_mode = "approve"');
api.closeAllConnections();
api.close();
JS
node main.mjs | tee seen
[ "$(cat seen)" = "default: called: adds_here reads refused: 2
approved: called: adds adds_here none reads refused: 0" ]
