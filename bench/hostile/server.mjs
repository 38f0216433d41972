/**
 * The HTTP server that `bench/hostile.mjs` attacks, in a process of its own. It measures its own event loop: the parent sends
 * `begin`, and `end` is answered with what happened in between.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  createDaemon,
  createMemoryStore,
  defineCatalog,
  defineResource,
  defineTool,
  uuidv7,
} from '../../packages/core/dist/index.js';
import { serveHttp } from '../../packages/express/dist/index.js';
import { createGraphqlApi } from '../../packages/graphql/dist/index.js';
import { openSqliteStore } from '../../packages/sqlite/dist/index.js';

const [, , rateLimit, records] = process.argv.map(Number);

const TICK_MS = 1;
const TEMPLATES = 200;
/** Characters of a large answer. */
const LARGE = 9_000_000;

const union = {
  type: 'object',
  properties: { f: { $ref: '#/$defs/f' } },
  $defs: {
    f: {
      anyOf: [
        { properties: { op: { const: 'and' }, args: { type: 'array', items: { $ref: '#/$defs/f' } } }, required: ['op', 'args'] },
        { properties: { args: { type: 'array', items: { $ref: '#/$defs/f' } }, op: { const: 'or' } }, required: ['args'] },
        { properties: { op: { const: 'eq' }, value: { type: 'string' } }, required: ['op', 'value'] },
      ],
    },
  },
};
const tool = (name, inputSchema, run, more) =>
  defineTool({ name, inputSchema: { type: 'object', ...inputSchema }, run, ...more });
const link = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} };
const functions = [
  tool('hello', { properties: { name: { type: 'string' } }, required: ['name'] }, ({ name }) => `Hello, ${name}!`),
  tool('anything', {}, () => 'done'),
  tool('strict', { properties: { a: { type: 'string' } }, additionalProperties: false }, () => 'done'),
  tool('unique', { properties: { list: { type: 'array', uniqueItems: true } } }, () => 'done'),
  tool(
    'typed',
    { properties: { list: { type: 'array', items: { type: 'object', properties: { a: { type: 'integer' } } } } } },
    () => 'done',
  ),
  tool('pattern', { properties: { text: { type: 'string', pattern: '^(\\w+\\s?)*$' } } }, () => 'done'),
  tool('filter', union, () => 'done'),
  tool('echo', {}, (given) => given, { outputSchema: { type: 'object', properties: { a: { type: 'array' } } } }),
  tool('large', {}, () => 'x'.repeat(LARGE)),
  tool('slow', {}, () => new Promise((resolve) => setTimeout(resolve, 2_000, 'done'))),
  ...Array.from({ length: TEMPLATES }, (_, index) => ({
    ...defineResource({ name: `part${index}`, uriTemplate: `item://{+path}/part${index}/{id}`, run: (uri) => uri }),
    binding: link,
  })),
];

/** A store on the disk with records of other users; removed at the end. */
async function openStoreWith(count) {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const store = await openSqliteStore({ file: join(folder, 'calls.db') });
  const row = (index) => ({
    ...{ partition_key: 'default', mcp_function_call_uuid: uuidv7(), name: `tool${index % 20}`, mcp_type: 'tool' },
    ...{ arguments: '{"name":"ann"}', content: '{"content":[{"type":"text","text":"Hello, ann!"}]}', content_in_s3: false },
    ...{ status: 'completed', notes: null, time_spent: 1.25, updated_by: 'ann', fault: null, created_at: Date.now() },
    ...{ updated_at: Date.now(), revision: 'r', bundle_digest: null, owner: store.owner, traceparent: null },
    ...{ server: 'bench', client: 'client/1', client_id: null },
  });
  for (let first = 0; first < count; first += 2_000) {
    await store.calls.write(Array.from({ length: Math.min(2_000, count - first) }, (_, index) => row(first + index)));
    await sleep(1); // they are imported beside this
  }
  await store.calls.count('default', {}); // waits for the import
  return store;
}

const store = records > 0 ? await openStoreWith(records) : createMemoryStore();
const daemon = createDaemon({ catalog: defineCatalog({ functions }), store });
const api = createGraphqlApi({ daemon, configPartition: 'default' });
/** Users are who they say they are. What tokens cost is measured elsewhere. */
const auth = {
  name: 'bench',
  authenticate: (req) => ({ subject: String(req.headers['x-user']), partition: 'default', roles: ['user'] }),
};
const server = await serveHttp(daemon, { auth, port: 0, rateLimit, graphql: () => Promise.resolve(api) });

const delay = monitorEventLoopDelay({ resolution: TICK_MS });
let cpuMax = 0;
let mainMax = 0;
let last = process.cpuUsage();
/** Milliseconds of CPU that the main thread alone has used. Other systems than Linux tell it of the whole process only. */
const mainCpu = () => {
  if (existsSync('/proc/self/schedstat')) return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ', 1)[0]) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
let lastMain = mainCpu();

/**
 * What one large answer takes now as JSON and as bytes, in milliseconds of CPU. It tells how slow the machine is: new memory costs several
 * times as much where others use its processors, caches and memory, too.
 */
function yardstick() {
  const times = Array.from({ length: 5 }, () => {
    const from = mainCpu();
    Buffer.from(JSON.stringify({ text: 'x'.repeat(LARGE) }));
    return mainCpu() - from;
  });
  return times.sort((a, b) => a - b)[2];
}
let yardstickBefore = 0;

/** The CPU time between two ticks, unlike the delay, does not grow when other processes use the machine. */
setInterval(() => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  cpuMax = Math.max(cpuMax, (user + system) / 1_000);
  const main = mainCpu();
  mainMax = Math.max(mainMax, main - lastMain);
  lastMain = main;
}, TICK_MS);

let began = process.cpuUsage();
process.on('message', (message) => {
  if (message === 'begin') {
    yardstickBefore = yardstick();
    delay.enable();
    delay.reset();
    cpuMax = mainMax = 0;
    lastMain = mainCpu();
    last = began = process.cpuUsage();
    process.send({ ready: true });
  } else if (message === 'reload') {
    daemon.reload(); // as after a saved file: all templates are published
  } else if (message === 'end') {
    const { user, system } = process.cpuUsage(began);
    delay.disable();
    const longest = { cpuMax, mainMax };
    process.send({
      delayMax: delay.max / 1e6,
      delayP99: delay.percentile(99) / 1e6,
      ...longest,
      yardstick: (yardstickBefore + yardstick()) / 2,
      cpu: (user + system) / 1_000,
    });
  }
});
process.on('disconnect', () => process.exit());
process.send({ port: server.port });
