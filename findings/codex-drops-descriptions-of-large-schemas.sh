#!/usr/bin/env bash
# @openai/codex 0.171.0, seen on 2026-11-29 (Node 20.20.2).
#
# If the inputSchema of a tool has more than 5,000 bytes as JSON, Codex leaves out all descriptions in it, of every argument. The model
# then sees names and types alone. If it still has more than 5,000 bytes, "$defs" go too, and what refers to them becomes {}, which
# means any value. Nothing is said of it; the tool's own description stays.
#
# Why it matters: units, formats and examples of arguments are in their descriptions, and a better description of one argument can
# cost all the others theirs. Limits of hosts are known for results; one for schemas is not looked for.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @openai/codex@0.171.0 >/dev/null
cat >server.mjs <<'JS'
import { createInterface } from 'node:readline';
const $defs = { day: { type: 'object', properties: { date: { type: 'string', description: 'YYYY-MM-DD' } } } };
/** A schema whose JSON has so many bytes: `more` properties without a description, and one that fills it up. */
function sized(bytes, more) {
  const fields = Object.fromEntries(Array.from({ length: more }, (_, i) => [`field_${i}`, { type: 'string' }]));
  const make = (words) => ({
    type: 'object',
    properties: { from: { $ref: '#/$defs/day' }, weight: { type: 'number', description: 'In grams.' }, note: { type: 'string', description: words }, ...fields },
    $defs,
  });
  return make('x'.repeat(Math.max(0, bytes - JSON.stringify(make('')).length)));
}
const schemas = { bytes_5000: sized(5000, 0), bytes_5001: sized(5001, 0), many_fields: sized(0, 200) };
const tools = Object.entries(schemas).map(([name, inputSchema]) => ({ name, description: 'Finds it.', inputSchema }));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const answers = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'lab', version: '1' } },
    'tools/list': { tools },
  };
  const answer = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no' } };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}
JS
cat >main.mjs <<'JS'
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
// Stands in for the model: keeps the tools that it is shown, and says "Done.".
let shown = [];
const api = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req) body += chunk;
  if (req.method !== 'POST') return void res.writeHead(404).end();
  shown = JSON.parse(body).tools.find(({ name }) => name === 'mcp__lab').tools;
  const item = { type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'Done.', annotations: [] }] };
  const events = [
    { type: 'response.created', response: { id: 'r' } },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { id: 'r', usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } } },
  ];
  res.setHeader('content-type', 'text/event-stream');
  res.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
});
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
const home = `${process.cwd()}/home`;
mkdirSync(`${home}/.codex`, { recursive: true });
const provider = `name="s",base_url="http://127.0.0.1:${api.address().port}/v1",env_key="KEY",wire_api="responses"`;
const command = JSON.stringify(process.execPath);
const args = JSON.stringify([`${process.cwd()}/server.mjs`]);
writeFileSync(
  `${home}/.codex/config.toml`,
  `model = "stand-in"\nmodel_provider = "s"\ncheck_for_update_on_startup = false\n[analytics]\nenabled = false\n[features]\nplugins = false\napps = false\n` +
    `[model_providers]\ns = { ${provider} }\n[mcp_servers.lab]\ncommand = ${command}\nargs = ${args}\nrequired = true\n`,
);
const env = { PATH: process.env.PATH, HOME: home, KEY: 'none' };
const exec = ['exec', '--skip-git-repo-check', 'go'];
const child = spawn(`${process.cwd()}/node_modules/.bin/codex`, exec, { cwd: home, env, stdio: ['ignore', 'ignore', 'ignore'] });
await new Promise((resolve) => child.once('exit', resolve));
for (const { name, description, parameters } of shown) {
  const { from, weight } = parameters.properties;
  console.log(`${name}: ${description} from: ${JSON.stringify(from)}, weight: ${weight.description ?? 'no description'}`);
}
api.closeAllConnections();
api.close();
JS
node main.mjs | tee seen
[ "$(cat seen)" = 'bytes_5000: Finds it. from: {"$ref":"#/$defs/day"}, weight: In grams.
bytes_5001: Finds it. from: {"$ref":"#/$defs/day"}, weight: no description
many_fields: Finds it. from: {}, weight: no description' ]
