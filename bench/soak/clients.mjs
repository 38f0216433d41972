/** The clients of a soak. Each repeats its work until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Connection, headersOf, headerText, openSession } from '../lib/http-client.mjs';
import { INITIALIZE, INITIALIZED, request } from '../lib/messages.mjs';

const PATIENCE_MS = 60_000;
const between = (from, to) => from + Math.random() * (to - from);
const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

/** Splits a stream into events as the text arrives. */
export function eventReader(onEvent) {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split('\n')) {
        const [, field, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
        if (field !== undefined) event[field] = value;
      }
      if (event.data !== undefined || event.event !== undefined) onEvent(event);
    }
  };
}

/** A call of one kind: its tool and arguments. */
function someCall(key) {
  const tool = oneOf(['quick', 'quick', 'quick', 'quick', 'quick', 'large', 'failing', 'slow', 'steps']);
  const more = {
    slow: () => ({ ms: Math.round(between(50, 1_500)) }),
    steps: () => ({ count: 5, ms: Math.round(between(5, 80)) }),
    large: () => ({ bytes: 20_000 }),
  };
  return { tool, args: { key, ...more[tool]?.() } };
}

/** What all clients have in common: the server and its user, the era, and the ledger. */
function createCaller({ server, ledger, who }) {
  let id = 1;
  const bodyOf = ({ tool, args }) => {
    const progress = tool === 'steps' ? { progressToken: id } : {};
    const params = { name: tool, arguments: args };
    const line = request(server.era, ++id, 'tools/call', params);
    if (tool !== 'steps') return line;
    const message = JSON.parse(line);
    message.params._meta = { ...message.params._meta, ...progress };
    return JSON.stringify(message);
  };

  /** Sends a call. `onEvent` gets events as they arrive; the answer is the message with our id, in a body or in a stream. */
  async function send(connection, call, session, onEvent = () => undefined) {
    const body = bodyOf(call);
    const mine = id;
    let message;
    const events = eventReader((event) => {
      if (event.data !== undefined && event.data !== '') {
        const heard = JSON.parse(event.data);
        if (heard.id === mine) message = heard;
        else if (heard.method === 'notifications/progress') ledger.count('progress heard');
      }
      onEvent(event);
    });
    let text = '';
    const head = headersOf(server, 'tools/call', { session, name: call.tool });
    const timer = setTimeout(() => {
      ledger.error('no answer in time', call.args.key);
      connection.destroy();
    }, PATIENCE_MS);
    try {
      const { status, body: rest } = await connection.request('POST', head, body, {
        onBody: (piece) => {
          text += piece;
          events(piece);
        },
      });
      text += rest;
      if (status !== 200) return { status, text };
      message ??= text.startsWith('{') ? JSON.parse(text) : undefined;
      return { status, text, message, id: mine };
    } finally {
      clearTimeout(timer);
    }
  }

  async function callOnce(connection, session) {
    const call = someCall(ledger.begin(who));
    const { status, text, message } = await send(connection, call, session);
    if (message === undefined) ledger.error(`no answer to ${call.tool}: HTTP ${status}`, text.slice(0, 200));
    else ledger.answered(call.args.key, call.tool, message);
  }

  return { send, callOnce, openSession: (connection) => openSession(connection, server) };
}

const streamHead = (server, session, lastEventId) =>
  headersOf(server, 'GET', { session }) + headerText({ 'last-event-id': lastEventId });

/** Opens the stream of a session, and reads it until it is destroyed. */
function listenTo({ server, ledger }, session, lastEventId, onEvent = () => undefined) {
  const connection = new Connection(server.url);
  const onHead = ({ status }) => {
    if (status !== 200) ledger.error(`a session's stream: HTTP ${status}`);
  };
  connection
    .request('GET', streamHead(server, session, lastEventId), '', { onHead, onBody: eventReader(onEvent) })
    .catch(() => undefined);
  return connection;
}

/** Calls with pauses. Now and then it ends its session, with DELETE or without, and opens another. */
export async function caller(options) {
  const { server, ledger, over, think } = options;
  const { callOnce, openSession: open } = createCaller(options);
  const hasSession = server.era === 'legacy';
  const connection = new Connection(server.url);
  let session = await open(connection);
  let stream;
  while (!over()) {
    if (hasSession && stream === undefined && Math.random() < 0.1) stream = listenTo(options, session);
    await callOnce(connection, session);
    await sleep(between(0, 2 * think));
    if (Math.random() > 0.02) continue;
    stream?.destroy();
    stream = undefined;
    if (hasSession && Math.random() < 0.5) {
      const { status } = await connection.request('DELETE', headersOf(server, 'DELETE', { session }));
      if (status !== 200 && status !== 204) ledger.error(`DELETE: HTTP ${status}`);
      ledger.count('sessions ended with DELETE');
    } else ledger.count(hasSession ? 'sessions abandoned' : 'connections abandoned');
    connection.destroy();
    session = await open(connection);
  }
  stream?.destroy();
  connection.destroy();
}

/** Disconnects in the middle of calls. */
export async function vanisher(options) {
  const { server, ledger, over, think, who } = options;
  const { send, openSession: open } = createCaller(options);
  const connection = new Connection(server.url);
  let session = await open(connection);
  while (!over()) {
    const key = ledger.begin(who);
    const call =
      Math.random() < 0.5 ? { tool: 'slow', args: { key, ms: 1_000 } } : { tool: 'steps', args: { key, count: 20, ms: 50 } };
    const sent = send(connection, call, session).catch(() => undefined);
    await sleep(between(10, 500));
    connection.destroy();
    await sent;
    ledger.count('left in the middle of a call');
    await sleep(between(0, 2 * think));
    if (Math.random() < 0.2) session = await open(connection);
  }
  connection.destroy();
}

/** Loses its connection in the middle of a stream, reconnects with the last id that it has seen, and gets the answer. */
export async function resumer(options) {
  const { server, ledger, over, think, who } = options;
  const { send, openSession: open } = createCaller(options);
  const connection = new Connection(server.url);
  const session = await open(connection);
  while (!over()) {
    const key = ledger.begin(who);
    let lastId;
    // Whatever arrived together with the event on which the connection breaks counts as not seen.
    const watch = (event) => {
      if (event.id === undefined || lastId !== undefined) return;
      lastId = event.id;
      connection.destroy();
    };
    const call = { tool: 'steps', args: { key, count: 8, ms: 40 } };
    const direct = await send(connection, call, session, watch).catch(() => undefined);
    if (direct?.message !== undefined) ledger.answered(key, 'steps', direct.message);
    else if (lastId === undefined) ledger.error('a stream without an id', JSON.stringify(direct ?? '').slice(0, 200));
    else {
      await sleep(between(0, 500));
      const message = await new Promise((resolve) => {
        const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
        const stream = listenTo(options, session, lastId, ({ data }) => {
          const told = data === undefined || data === '' ? {} : JSON.parse(data);
          if (told.result === undefined && told.error === undefined) return;
          clearTimeout(timer);
          stream.destroy();
          resolve(told);
        });
      });
      if (message === undefined) ledger.error('a resumed stream did not bring the answer', key);
      else {
        ledger.answered(key, 'steps', message);
        ledger.count('resumed streams');
      }
    }
    await sleep(between(0, 2 * think));
  }
  connection.destroy();
}

/** Listens in the modern era, and reconnects now and then. */
export async function listener(options) {
  const { server, ledger, over } = options;
  while (!over()) {
    const connection = new Connection(server.url);
    let acknowledged = false;
    const params = { notifications: { toolsListChanged: true } };
    const head = headersOf(server, 'subscriptions/listen');
    const listening = connection
      .request('POST', head, request('modern', 1, 'subscriptions/listen', params), { onBody: () => (acknowledged = true) })
      .catch(() => undefined);
    await sleep(between(2_000, 8_000));
    if (!acknowledged) ledger.error('a subscription was not acknowledged');
    else ledger.count('subscriptions');
    connection.destroy();
    await listening;
  }
}

/** Watches the live events of its user, loses its connection, and misses nothing. `seen` gets the id of each ended call. */
export async function watcher({ server, ledger, over, seen }) {
  let lastId;
  let from;
  while (!over()) {
    const connection = new Connection(`${server.origin}/events`);
    const head = headerText({ ...server.auth, accept: 'text/event-stream', 'last-event-id': lastId });
    const onBody = eventReader(({ id, event, data }) => {
      if (id !== undefined) lastId = id;
      if (event === 'ready') from ??= Date.now();
      if (event === 'gap') {
        ledger.count(`gap in live events: ${JSON.parse(data).reason}`);
        seen.gaps += 1;
      }
      if (event !== 'call_settled') return;
      const { callId } = JSON.parse(data);
      if (seen.ids.has(callId)) ledger.error('a live event was sent twice', callId);
      seen.ids.add(callId);
      ledger.count('live events of calls that ended');
    });
    const onHead = ({ status }) => status !== 200 && ledger.error(`live events: HTTP ${status}`);
    const watching = connection.request('GET', head, '', { onHead, onBody }).catch(() => undefined);
    await sleep(between(3_000, 10_000));
    connection.destroy();
    ledger.count('live streams');
    await watching;
  }
}

/** HTTP+SSE: messages are posted, answers come on the one stream. */
export async function oldClient(options) {
  const { server, ledger, over, think, who } = options;
  const stream = new Connection(`${server.origin}/jsonrpc/sse`);
  const waiting = new Map();
  let endpoint;
  const path = new Promise((resolve) => (endpoint = resolve));
  const onBody = eventReader(({ event, data }) => {
    if (event === 'endpoint') return endpoint(data);
    const message = JSON.parse(data);
    waiting.get(message.id)?.(message);
  });
  stream.request('GET', headerText({ ...server.auth, accept: 'text/event-stream' }), '', { onBody }).catch(() => undefined);
  const post = new Connection(new URL(await path, server.origin).href);
  const head = headerText({ ...server.auth, 'content-type': 'application/json' });
  const say = async (line) => {
    const { status } = await post.request('POST', head, line);
    if (status !== 202) ledger.error(`HTTP+SSE: HTTP ${status}`);
  };
  let id = 0;
  const ask = async (method, params) => {
    const mine = ++id;
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('HTTP+SSE: no answer')), PATIENCE_MS);
      waiting.set(mine, (message) => {
        clearTimeout(timer);
        waiting.delete(mine);
        resolve(message);
      });
    });
    await say(request('legacy', mine, method, params));
    return answer;
  };
  await ask('initialize', { ...INITIALIZE, protocolVersion: '2024-11-05' });
  await say(INITIALIZED);
  while (!over()) {
    const { tool, args } = someCall(ledger.begin(who));
    ledger.answered(args.key, tool, await ask('tools/call', { name: tool, arguments: args }));
    await sleep(between(0, 2 * think));
  }
  stream.destroy();
  post.destroy();
}
