/**
 * The client under test of the suites: our daemon, which mounts the server of a scenario, and behind it a host that uses all that it
 * sees. The suites start it with the server's URL as its last argument, and say in the environment which scenario it is.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const url = process.argv.at(-1);
const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT: given = '{}' } = process.env;
const context = JSON.parse(given);
const needsLogin = scenario.startsWith('auth/');
const bin = join(import.meta.dirname, '../../packages/cli/dist/bin.js');

const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-client-'));
const config = join(folder, 'mcp.json');
const files = ['--config', config, '--data-dir', join(folder, 'data')];
const { PATH = '', HOME = '' } = process.env;
const { client_id, client_secret = '' } = context;
const env = { PATH, HOME, MCP_STATE_SECRET: 'a secret of more than thirty-two characters', CLIENT_SECRET: client_secret };
// Scenarios with a client that is registered already say which.
const auth = client_id === undefined ? {} : { auth: { client_id, ...(client_secret && { client_secret: 'env:CLIENT_SECRET' }) } };
const server = { url, prefix: '', ...(needsLogin && { credentials: 'service', ...auth }) };
await writeFile(config, JSON.stringify({ mcpServers: { test: server } }));

/** Logs in as an operator does, with a browser that follows where it is sent. */
async function logIn() {
  const child = spawn(process.execPath, [bin, 'mounts', 'login', 'test', ...files], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let browsing;
  const read = (text) => {
    output += text;
    const [address] = /http\S+response_type=code\S*/.exec(output) ?? [];
    if (address !== undefined) browsing ??= fetch(address).catch((error) => (output += `\nthe browser: ${error.stack}`));
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  const code = await new Promise((resolve) => child.once('close', resolve));
  await browsing;
  console.log(`mounts login: exit code ${code}\n${output}`);
}

/** A value that fits a schema, roughly. */
function sample(schema = {}) {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case 'number':
    case 'integer':
      return 5;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name])]));
    default:
      return 'text';
  }
}

/** The calls of a scenario: those that it names, else one of each tool. */
function callsOf(tools) {
  if (Array.isArray(context.toolCalls)) return context.toolCalls;
  const rich = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
  return tools.map(({ name, inputSchema }) => {
    const args = sample({ ...inputSchema, type: 'object' });
    // The scenario wants to see the schema as it arrived.
    if (rich !== undefined && inputSchema.properties?.schema !== undefined) args.schema = rich.inputSchema;
    return { name, arguments: args };
  });
}

/** Prints what went wrong, and goes on: the scenario decides. */
const attempt = async (what, work) => {
  try {
    return await work();
  } catch (error) {
    console.log(`${what}: ${error.message}`);
    return undefined;
  }
};

/** Uses all that the daemon serves. */
async function use(client) {
  const has = client.getServerCapabilities() ?? {};
  if (has.resources !== undefined)
    for (const { uri } of (await attempt('resources', () => client.listResources()))?.resources ?? [])
      await attempt(uri, () => client.readResource({ uri }));
  if (has.prompts !== undefined)
    for (const { name, arguments: declared = [] } of (await attempt('prompts', () => client.listPrompts()))?.prompts ?? [])
      await attempt(name, () =>
        client.getPrompt({ name, arguments: Object.fromEntries(declared.map((argument) => [argument.name, 'text'])) }),
      );
  if (has.tools === undefined) return;
  const { tools } = (await attempt('tools', () => client.listTools())) ?? { tools: [] };
  console.log(`tools: ${tools.map(({ name }) => name).join(', ')}`);
  const calls = callsOf(tools).map((call) =>
    attempt(call.name, async () => console.log(`${call.name}: ${JSON.stringify(await client.callTool(call))}`)),
  );
  await Promise.all(calls);
}

/** Starts the daemon, and a host that uses it. @returns whether the daemon says that it needs a log-in */
async function serve() {
  const client = new Client(
    { name: 'host', version: '1.0.0' },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      versionNegotiation: { mode: 'auto' },
    },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { confirmed: true } }));
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'a sample' },
    model: 'none',
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bin, '--transport', 'stdio', '--log-level', 'debug', ...files],
    env,
    stderr: 'pipe',
  });
  let log = '';
  transport.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  await client.connect(transport);
  await use(client);
  await client.close();
  console.log(log);
  return log.includes('needs a log-in');
}

if (needsLogin) await logIn();
// When its authorization server has changed, an operator is told to log in again.
if ((await serve()) && scenario === 'auth/authorization-server-migration') {
  await logIn();
  await serve();
}
await rm(folder, { recursive: true, force: true, maxRetries: 3 });
