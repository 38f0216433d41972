/**
 * Calls a tool of a mounted server, and what it is compared with, and prints as JSON what a call costs this process.
 *
 *     node mounts.mjs direct|hand|sdk|stdio|http|http-modern CALLS   { cpu: µs of CPU per call }
 *     node mounts.mjs idle MOUNTS SECONDS             { cpu: seconds, megabytes of one mount, children }
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { measure } from './measure.mjs';

const built = (name) => import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url));
const { createDaemon, createFixedSource, defineCatalog, defineTool, FunctionContext, normalizeConfig } = await built('core');
const { createMounts } = await built('mount');

const [, , mode, size = '20000', seconds = '30'] = process.argv;
const echo = fileURLToPath(new URL('mount-echo.mjs', import.meta.url));
const TEXT = 'x'.repeat(88);
const CALL = { name: 'echo', arguments: { text: TEXT } };
const children = [];

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: console.error, error: console.error };

/** A daemon that mounts these servers. */
function mounting(mcpServers) {
  let daemon;
  const mounts = createMounts({
    partition: 'default',
    client: { name: 'bench', version: '1' },
    sourceOf: (context) => FunctionContext.sourceOf(context),
    resourceUpdated: silent,
    state: () => daemon.state(),
    texts: { fill: async (value) => value, env: {} },
    env: { PATH: process.env.PATH },
    base: process.cwd(),
    logger,
  });
  const source = createFixedSource('default', normalizeConfig({ mcpServers }).definition);
  daemon = createDaemon({ catalogs: mounts.source(source), runners: [mounts.runner], logger });
  return { daemon, mounts };
}

/** Calls the tool through a daemon. */
async function through(daemon) {
  const session = daemon.open({ send: silent });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  await session.receive({ jsonrpc: '2.0', id: 'i', method: 'initialize', params });
  const cpu = await measure(async (id) => {
    const answer = await session.receive({ jsonrpc: '2.0', id, method: 'tools/call', params: CALL });
    if (answer.result?.content?.[0]?.text !== TEXT) throw new Error(`wrong answer: ${JSON.stringify(answer).slice(0, 300)}`);
  }, Number(size));
  return { cpu };
}

/** A function of our own that answers the same. */
function direct() {
  const schema = { type: 'object', properties: { text: { type: 'string' } } };
  const tool = defineTool({ name: 'echo', inputSchema: schema, record: 'none', run: ({ text }) => text });
  return through(createDaemon({ catalog: defineCatalog({ functions: [tool] }), logger }));
}

const stdio = () => through(mounting({ echo: { command: process.execPath, args: [echo, 'stdio'], ...MOUNT } }).daemon);
const MOUNT = { prefix: '', record: 'none' };

/** Starts the server over HTTP. @returns its address */
async function serveHttp(era) {
  const child = spawn(process.execPath, [echo, 'http', era], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const port = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));
  return `http://127.0.0.1:${port}/mcp`;
}

const http = async (era) => through(mounting({ echo: { url: await serveHttp(era), ...MOUNT } }).daemon);

/** A proxy by hand: it parses each message, gives it another id, and writes the messages of a turn together. */
async function hand() {
  const child = spawn(process.execPath, [echo, 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const waiting = new Map();
  let [rest, out, next] = ['', '', 0];
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      const { id, resolve } = waiting.get(message.id);
      waiting.delete(message.id);
      resolve({ ...message, id });
    }
  });
  const flush = () => {
    child.stdin.write(out);
    out = '';
  };
  const cpu = await measure(async (id) => {
    const answer = await new Promise((resolve) => {
      next += 1;
      waiting.set(next, { id, resolve });
      if (out === '') setImmediate(flush);
      out += `${JSON.stringify({ jsonrpc: '2.0', id: next, method: 'tools/call', params: CALL })}\n`;
    });
    if (answer.result.content[0].text !== TEXT) throw new Error('wrong answer');
  }, Number(size));
  return { cpu };
}

/** A proxy of the official client and server: in memory on this side, a pipe on the other. */
async function sdk() {
  const [{ Client, InMemoryTransport }, { StdioClientTransport }, { Server }] = await Promise.all([
    import('@modelcontextprotocol/client'),
    import('@modelcontextprotocol/client/stdio'),
    import('@modelcontextprotocol/server'),
  ]);
  const upstream = new Client({ name: 'bench', version: '1' });
  await upstream.connect(new StdioClientTransport({ command: process.execPath, args: [echo, 'stdio'] }));
  const server = new Server({ name: 'proxy', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/call', ({ params }) => upstream.callTool(params));
  const client = new Client({ name: 'bench', version: '1' });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(ours), client.connect(theirs)]);
  const cpu = await measure(async () => {
    const { content } = await client.callTool(CALL);
    if (content[0].text !== TEXT) throw new Error('wrong answer');
  }, Number(size));
  await upstream.close();
  return { cpu };
}

const resident = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1024 / 1024;
};

/** What mounts cost that nobody uses: CPU, and memory of this process. */
async function idle(count) {
  const server = { command: process.execPath, args: [echo, 'stdio'] };
  const one = mounting({ first: server });
  await list(one.daemon);
  const before = resident();
  const { daemon, mounts } = mounting(Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, server])));
  await list(daemon);
  const ready = mounts.status().filter(({ state }) => state === 'ready').length;
  if (ready !== count) throw new Error(`${ready} of ${count} servers are mounted`);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const megabytes = (resident() - before) / count;
  const start = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
  const { user, system } = process.cpuUsage(start);
  await Promise.all([one.daemon.close({ drainMs: 1 }), daemon.close({ drainMs: 1 })]);
  return { cpu: (user + system) / 1e6, megabytes, mounts: ready };
}

/** Lists the tools, which starts the servers. */
async function list(daemon) {
  const session = daemon.open({ send: silent });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
  await session.receive({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  await session.receive({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} });
  session.close();
}

const MEASUREMENTS = {
  ...{ direct, hand, sdk, stdio },
  http: () => http('legacy'),
  'http-modern': () => http('modern'),
  idle: () => idle(Number(size)),
};
const result = await MEASUREMENTS[mode]();
for (const child of children) child.kill();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
