/**
 * An HTTP client on raw keep-alive sockets. It is as small as possible, because it shares the machine with what it measures.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

import { callsOf, INITIALIZE, INITIALIZED, request } from './messages.mjs';

const STALL_MS = 30_000;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Headers as text; undefined values are left out. */
export const headerText = (headers) =>
  Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

/** One connection, with one request at a time. */
export class Connection {
  #url;
  #socket;
  #bytes = Buffer.alloc(0);
  #turn;

  constructor(url) {
    this.#url = new URL(url);
  }

  async #connected() {
    if (this.#socket !== undefined) return;
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
    this.#socket = socket;
    this.#bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      if (this.#socket !== socket) return;
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#read();
    });
    const over = (error) => {
      if (this.#socket !== socket) return; // a newer connection may exist already
      this.#socket = undefined;
      this.#fail(error);
    };
    socket.on('error', over);
    socket.on('close', () => over(new Error('the connection was closed')));
    await once(socket, 'connect');
  }

  #fail(error) {
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.reject(error);
  }

  /**
   * One request and its answer. For streams, `onBody` gets the body piece by piece, and `onHead` is called when it begins.
   *
   * @param head lines of headers, each with its line break
   */
  async request(method, head, body = '', { onHead, onBody } = {}) {
    await this.#connected();
    return new Promise((resolve, reject) => {
      this.#turn = { resolve, reject, onHead, onBody, answer: undefined, left: -1, pieces: [] };
      const { pathname, search, host } = this.#url;
      const length = method === 'POST' ? `content-length: ${Buffer.byteLength(body)}\r\n` : '';
      this.#socket.write(`${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${head}${length}\r\n${body}`);
    });
  }

  #read() {
    const turn = this.#turn;
    if (turn === undefined) return;
    if (turn.answer === undefined && !this.#readHead(turn)) return;
    if (turn.chunked) this.#readChunks(turn);
    else if (this.#bytes.length >= turn.left) {
      turn.pieces.push(this.#take(turn.left));
      this.#end(turn);
    }
  }

  #take(length) {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  #readHead(turn) {
    const end = this.#bytes.indexOf(END_OF_HEAD);
    if (end === -1) return false;
    const head = this.#take(end + 4).toString('latin1');
    const header = (name) => new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
    turn.answer = {
      status: Number(head.slice(9, 12)),
      session: header('mcp-session-id'),
      close: header('connection') === 'close',
    };
    turn.chunked = header('transfer-encoding') === 'chunked';
    turn.left = turn.chunked ? -1 : Number(header('content-length') ?? 0);
    turn.onHead?.(turn.answer);
    return true;
  }

  #readChunks(turn) {
    for (;;) {
      if (turn.left < 0) {
        const end = this.#bytes.indexOf('\r\n');
        if (end === -1) return;
        turn.left = parseInt(this.#take(end + 2).toString('latin1'), 16);
      }
      if (this.#bytes.length < turn.left + 2) return;
      const piece = this.#take(turn.left + 2).subarray(0, turn.left);
      turn.left = -1;
      if (piece.length === 0) return this.#end(turn);
      if (turn.onBody === undefined) turn.pieces.push(piece);
      else turn.onBody(piece.toString());
    }
  }

  #end(turn) {
    this.#turn = undefined;
    if (turn.answer.close) this.destroy();
    const [first, ...others] = turn.pieces;
    turn.resolve({ ...turn.answer, body: (others.length === 0 ? (first ?? '') : Buffer.concat(turn.pieces)).toString() });
  }

  destroy() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#fail(new Error('the connection was destroyed'));
  }
}

/** The message in a body that is JSON, or a stream with one message. */
export const jsonOf = (body) => JSON.parse(/^data: ?(.*)$/m.exec(body)?.[1] ?? body);

/** The headers of a request. */
export const headersOf = ({ era, auth = {} }, method, { session, name } = {}) =>
  headerText({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...auth,
    ...(era === 'modern'
      ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': name }
      : { 'mcp-protocol-version': method === 'initialize' ? undefined : '2025-11-25', 'mcp-session-id': session }),
  });

/** Opens a session on a connection. @returns its id; the modern era has none */
export async function openSession(connection, server) {
  if (server.era === 'modern') return undefined;
  const { status, session, body } = await connection.request(
    'POST',
    headersOf(server, 'initialize'),
    request('legacy', 0, 'initialize', INITIALIZE),
  );
  if (status !== 200 || session === undefined) throw new Error(`initialize: ${status} ${body.slice(0, 300)}`);
  const told = await connection.request('POST', headersOf(server, 'notifications/initialized', { session }), INITIALIZED);
  if (told.status !== 202) throw new Error(`initialized: ${told.status} ${told.body.slice(0, 300)}`);
  return session;
}

/**
 * Calls `add_numbers` over several connections, each with its own session, `count` times or until `limitMs` have passed. Every
 * answer is checked. Resolves with the time of each call in milliseconds.
 */
export async function httpLoad(server, { count, connections, limitMs }) {
  const line = callsOf(server.era, 'add_numbers');
  const open = await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(server.url);
      const session = await openSession(connection, server);
      return { connection, head: headersOf(server, 'tools/call', { session, name: 'add_numbers' }) };
    }),
  );
  const times = [];
  let next = 0;
  const started = performance.now();
  let heard = started;
  const watchdog = setInterval(() => {
    if (performance.now() - heard > STALL_MS) for (const { connection } of open) connection.destroy();
  }, 1_000);
  try {
    await Promise.all(
      open.map(async ({ connection, head }) => {
        while (next < count && heard - started < limitMs) {
          const index = next++;
          const sentAt = performance.now();
          const { status, body } = await connection.request('POST', head, line(index + 1, index % 1_000, 7));
          heard = performance.now();
          times.push(heard - sentAt);
          // Compared as text, to keep the driver's own work small.
          if (status !== 200 || !body.includes(`"text":"${(index % 1_000) + 7}"`) || !body.includes(`"id":${index + 1}`))
            throw new Error(`a wrong answer: ${status} ${body.slice(0, 300)}`);
        }
      }),
    );
    return { times, seconds: (performance.now() - started) / 1000 };
  } finally {
    clearInterval(watchdog);
    for (const { connection } of open) connection.destroy();
  }
}
