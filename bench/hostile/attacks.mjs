/** What one user sends to hold up the others. Run by `bench/hostile.mjs` in a process of its own. */
import { connect } from 'node:net';

import { INITIALIZE, request } from '../lib/messages.mjs';

const MAX_BODY = 3_900_000;
/** A little less than a body may have. */
const MAX_VALUES = 199_000;
const MAX_NAMES = 19_900;
const MODERN = '2026-07-28';
const META = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} };

const initialize = (protocolVersion) => request('legacy', 0, 'initialize', { ...INITIALIZE, protocolVersion });
const modern = (method, params, id = 1) => ({
  headers: { 'mcp-protocol-version': MODERN, 'mcp-method': method, 'mcp-name': params.name ?? params.uri },
  body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { _meta: META, ...params } }),
});
/** A call whose arguments are this JSON text: some of it no program would make. */
const callText = (name, args) => {
  const { headers, body } = modern('tools/call', { name, arguments: 0 });
  return { headers, body: body.replace('"arguments":0', `"arguments":${args}`) };
};
const filled = (unit, size = MAX_BODY) => unit.repeat(Math.floor(size / unit.length)).replace(/,$/, '');
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

function filter(depth) {
  let f = '{"op":"eq","value":3}';
  for (let level = 0; level < depth; level += 1) f = `{"op":"or","args":[${f}]}`;
  return `{"f":${f}}`;
}

/** Bytes that no HTTP library would send. */
const raw = (text) => ({ raw: Buffer.from(text, 'latin1') });
const HEAD = ['host: localhost', 'x-user: eve', 'content-type: application/json', 'accept: application/json, text/event-stream'];
const points = (count) => `{"a":[${Array.from({ length: count }, (_, i) => `{"x":${i},"y":${i}.5}`).join(',')}]}`;
const batch = (count, name, args) =>
  `[${Array.from({ length: count }, (_, id) => request('legacy', id, 'tools/call', { name, arguments: args })).join(',')}]`;
/** The same field so many times. */
const graphql = (count, field) => ({
  path: '/graphql',
  headers: { accept: 'application/json' },
  body: JSON.stringify({ query: `{${Array.from({ length: count }, (_, index) => `a${index}:${field(index)}`).join(' ')}}` }),
});

/** `send` is repeated on so many connections for the time of the attack; `once` is sent before, and its answers stay open. */
export const ATTACKS = {
  nothing: { connections: 0 },
  'simple calls': { connections: 16, send: modern('tools/call', { name: 'hello', arguments: { name: 'eve' } }) },
  'one text of 4 MB': { connections: 8, send: callText('anything', `{"a":"${'x'.repeat(MAX_BODY)}"}`) },
  'escapes of 4 MB': { connections: 8, send: callText('anything', `{"a":"${filled('\\u0041')}"}`) },
  'empty objects': { connections: 8, send: callText('anything', `{"a":[${filled('{},', MAX_VALUES)}]}`) },
  numbers: { connections: 8, send: callText('anything', `{"a":[${filled('1,', MAX_VALUES * 2)}]}`) },
  'deep lists': { connections: 8, send: callText('anything', `{"a":[${filled(`${nested(190)},`, MAX_VALUES * 0.99)}]}`) },
  'many names': {
    connections: 8,
    send: callText('anything', `{${Array.from({ length: MAX_NAMES }, (_, i) => `"n${i}":1`).join(',')}}`),
  },
  'many wrong names': {
    connections: 8,
    send: callText('strict', `{${Array.from({ length: MAX_NAMES }, (_, i) => `"n${i}":1`).join(',')}}`),
  },
  'objects with names of their own': {
    connections: 8,
    send: callText('anything', `{"a":[${Array.from({ length: MAX_NAMES }, (_, i) => `{"n${i}":1}`).join(',')}]}`),
  },
  'unique objects in disorder': {
    connections: 8,
    send: callText('unique', `{"list":[${Array.from({ length: 19_500 }, (_, i) => `{"b":${i},"a":1}`).join(',')}]}`),
  },
  'honest points': {
    connections: 8,
    send: callText('anything', points(MAX_VALUES / 4)),
  },
  'unique objects': {
    connections: 8,
    send: callText('unique', `{"list":[${Array.from({ length: 19_500 }, (_, i) => `{"a":${i}}`).join(',')}]}`),
  },
  'typed objects': { connections: 8, send: callText('typed', `{"list":[${filled('{"a":1},', (MAX_VALUES / 3) * 8)}]}`) },
  'a pattern': { connections: 8, send: callText('pattern', `{"text":"${'a'.repeat(1_000_000)}!"}`) },
  'a recursive union': { connections: 8, send: callText('filter', filter(90)) },
  'an unknown tool of 4 MB': {
    connections: 8,
    send: {
      headers: modern('tools/call', { name: 'x' }).headers,
      body: modern('tools/call', { name: 'x'.repeat(MAX_BODY) }).body,
    },
  },
  'an id of 4 MB': {
    connections: 8,
    send: modern('tools/call', { name: 'hello', arguments: { name: 'x' } }, 'i'.repeat(MAX_BODY)),
  },
  'no JSON': { connections: 8, send: { headers: {}, body: filled('[') } },
  'batches of 1,000 calls': {
    connections: 8,
    session: '2025-03-26',
    send: { headers: {}, body: batch(1_000, 'hello', { name: 'eve' }) },
  },
  'new sessions': { connections: 16, send: { headers: {}, body: initialize('2025-11-25') } },
  'unread answers of 9 MB': { connections: 40, unread: true, send: modern('tools/call', { name: 'large', arguments: {} }) },
  'structured answers': { connections: 8, send: callText('echo', points(MAX_VALUES / 4)) },
  'structured answers of one text': { connections: 8, send: callText('echo', `{"a":["${'x'.repeat(MAX_BODY)}"]}`) },
  'batches of answers of 9 MB': {
    connections: 4,
    session: '2025-03-26',
    send: { headers: {}, body: batch(100, 'large', {}) },
  },
  'single bytes in chunks': {
    connections: 8,
    send: raw(`POST /mcp HTTP/1.1\r\n${HEAD.join('\r\n')}\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(200_000)}`),
  },
  'pages without a pause': {
    connections: 8,
    send: raw(`GET /openapi.json HTTP/1.1\r\n${HEAD[0]}\r\n\r\n`.repeat(2_000)),
  },
  'records that match nothing': {
    connections: 8,
    records: 100_000,
    send: graphql(
      48,
      () => 'mcpFunctionCallList(updatedAtLt:"2001-01-01T00:00:00Z",name:"tool1"){total mcpFunctionCallList{name}}',
    ),
  },
  'last pages of records': {
    connections: 8,
    records: 100_000,
    send: graphql(48, (i) => `mcpFunctionCallList(limit:1000,pageNumber:10,name:"tool${i % 20}"){mcpFunctionCallList{name}}`),
  },
  'slow calls': { connections: 200, send: modern('tools/call', { name: 'slow', arguments: {} }) },
  '20,000 subscriptions and reloads': {
    connections: 20,
    reloads: true,
    unread: true,
    sends: (index) =>
      modern('subscriptions/listen', {
        notifications: {
          resourceSubscriptions: Array.from(
            { length: 1_000 },
            (_, i) => `item://${'x%41'.repeat(55)}/part${i % 200}/${index}-${i}`,
          ),
        },
      }),
  },
};

/** One connection that sends requests one after the other. `unread`: it sends one, and reads a little of the answer. */
function attacker(port, { headers, body = '', path = '/mcp', raw }, { session, unread, onAnswer }) {
  const head = Object.entries({
    ...{ host: 'localhost', 'x-user': 'eve', 'content-type': 'application/json' },
    ...{ accept: 'application/json, text/event-stream', 'content-length': Buffer.byteLength(body), ...headers, ...session },
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = raw ?? Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`);
  let ended = false;
  let socket;
  const open = () => {
    if (ended) return;
    socket = connect(port, '127.0.0.1');
    let left;
    let buffered = Buffer.alloc(0);
    const next = () => {
      left = undefined;
      if (!ended) socket.write(bytes);
    };
    socket.on('connect', next);
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(open, 20)); // refused: it comes again
    socket.on('data', (chunk) => {
      if (raw !== undefined) {
        onAnswer(Number(chunk.toString('latin1', 9, 12)));
        socket.destroy();
        return;
      }
      if (unread) {
        socket.pause();
        return;
      }
      buffered = Buffer.concat([buffered, chunk]);
      for (;;) {
        if (left === undefined) {
          const end = buffered.indexOf('\r\n\r\n');
          if (end === -1) return;
          const text = buffered.subarray(0, end).toString('latin1');
          const status = Number(text.slice(9, 12));
          onAnswer(status);
          left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
          buffered = buffered.subarray(end + 4);
        }
        if (buffered.length < left) return;
        buffered = buffered.subarray(left);
        next();
      }
    });
  };
  open();
  return () => {
    ended = true;
    socket?.destroy();
  };
}

async function openSession(port, version) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'x-user': 'eve' };
  const body = initialize(version);
  const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', headers, body });
  await answer.text();
  return { 'mcp-session-id': answer.headers.get('mcp-session-id'), 'mcp-protocol-version': version };
}

let stop = [];
let statuses = {};
process.on('message', async ({ begin, port }) => {
  for (const end of stop) end();
  stop = [];
  if (begin === undefined) {
    process.send({ statuses });
    return;
  }
  statuses = {};
  const { connections, send, sends = () => send, session, unread } = ATTACKS[begin];
  const onAnswer = (status) => (statuses[status] = (statuses[status] ?? 0) + 1);
  const own = session && (await openSession(port, session));
  for (let index = 0; index < connections; index += 1)
    stop.push(attacker(port, sends(index), { session: own, unread, onAnswer }));
  process.send({ begun: true });
});
process.on('disconnect', () => process.exit());
