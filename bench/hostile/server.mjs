/**
 * The HTTP server that `bench/hostile.mjs` attacks, in a process of its own. It measures its own event loop: the parent sends
 * `begin`, and `end` is answered with what happened in between.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { createDaemon, createMemoryStore, defineCatalog, defineResource, defineTool } from '../../packages/core/dist/index.js';
import { serveHttp } from '../../packages/express/dist/index.js';

const TICK_MS = 1;
const TEMPLATES = 200;

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
const tool = (name, inputSchema, run) => defineTool({ name, inputSchema: { type: 'object', ...inputSchema }, run });
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
  tool('large', {}, () => 'x'.repeat(9_000_000)),
  tool('slow', {}, () => new Promise((resolve) => setTimeout(resolve, 2_000, 'done'))),
  ...Array.from({ length: TEMPLATES }, (_, index) => ({
    ...defineResource({ name: `part${index}`, uriTemplate: `item://{+path}/part${index}/{id}`, run: (uri) => uri }),
    binding: link,
  })),
];

const daemon = createDaemon({ catalog: defineCatalog({ functions }), store: createMemoryStore() });
/** Users are who they say they are. What tokens cost is measured elsewhere. */
const auth = {
  name: 'bench',
  authenticate: (req) => ({ subject: String(req.headers['x-user']), partition: 'default', roles: ['user'] }),
};
const server = await serveHttp(daemon, { auth, port: 0, rateLimit: Number(process.argv[2]) });

const delay = monitorEventLoopDelay({ resolution: TICK_MS });
let cpuMax = 0;
let last = process.cpuUsage();
/** The CPU time between two ticks, unlike the delay, does not grow when other processes use the machine. */
setInterval(() => {
  const { user, system } = process.cpuUsage(last);
  last = process.cpuUsage();
  cpuMax = Math.max(cpuMax, (user + system) / 1_000);
}, TICK_MS);

let began = process.cpuUsage();
process.on('message', (message) => {
  if (message === 'begin') {
    delay.enable();
    delay.reset();
    cpuMax = 0;
    last = began = process.cpuUsage();
    process.send({ ready: true });
  } else if (message === 'reload') {
    daemon.reload(); // as after a saved file: all templates are published
  } else if (message === 'end') {
    const { user, system } = process.cpuUsage(began);
    delay.disable();
    process.send({ delayMax: delay.max / 1e6, delayP99: delay.percentile(99) / 1e6, cpuMax, cpu: (user + system) / 1_000 });
  }
});
process.on('disconnect', () => process.exit());
process.send({ port: server.port });
