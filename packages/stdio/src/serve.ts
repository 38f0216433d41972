/**
 * A daemon on newline-delimited JSON-RPC. This adapter knows bytes and streams; all else is the session's.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio
 */
import type { Readable, Writable } from 'node:stream';

import type { Daemon, JsonRpcMessage, JsonRpcResponse, SessionIdentity } from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import { createLineReader } from './lines.js';

/** What {@link serveStdio} takes. */
export interface StdioOptions extends SessionIdentity {
  /** Where messages come from, as bytes. */
  input: Readable;
  /** Where messages go. Nothing else may write there. */
  output: Writable;
  /** Greatest size of one incoming message. Default 10 MB. A longer line is refused; the connection lives. */
  maxMessageBytes?: number;
  /** How long calls under way may take once the input has ended. Default 30 seconds. */
  drainMs?: number;
}

/** A daemon being served. */
export interface StdioServer {
  /** Resolves when the client has left and everything was answered, or after {@link StdioServer.close}. Never rejects. */
  readonly closed: Promise<void>;
  /** Stops reading, answers what is under way (for at most `drainMs`), and ends. */
  close(): Promise<void>;
}

const PARSE_ERROR: JsonRpcResponse = {
  jsonrpc: '2.0',
  error: { code: -32700, message: 'Parse error: a line must be one JSON-RPC message.' },
};

const tooLong = (bytes: number): JsonRpcResponse => ({
  jsonrpc: '2.0',
  error: { code: -32600, message: `Invalid Request: a message may have at most ${bytes} bytes.` },
});

/**
 * Serves a daemon over two streams.
 *
 * @returns at once; see {@link StdioServer.closed}
 *
 * @example
 * const server = serveStdio(daemon, { input: process.stdin, output: process.stdout });
 * await server.closed;
 * await daemon.close();
 */
export function serveStdio(daemon: Daemon, options: StdioOptions): StdioServer {
  const { input, output, maxMessageBytes = 10_000_000, drainMs = 30_000, ...identity } = options;
  const session = daemon.open({ send: (message) => write(message), close: () => void close() }, identity);

  let lines = '';
  let scheduled = false;
  let broken = false;

  /** Everything that one turn of the event loop has to say leaves in one write. */
  function flush(): void {
    scheduled = false;
    if (lines === '' || broken) return;
    const text = lines;
    lines = '';
    // A client that does not read is not read from either: what it may have in flight is bounded.
    if (!output.write(text) && !input.isPaused()) {
      input.pause();
      output.once('drain', () => {
        if (ending === undefined) input.resume();
      });
    }
  }

  function writeText(text: string): void {
    lines += `${text}\n`;
    if (scheduled) return;
    scheduled = true;
    process.nextTick(flush);
  }

  const write = (message: JsonRpcMessage): void => writeText(encode(message));

  function answer(answered: JsonRpcResponse | JsonRpcResponse[] | undefined): void {
    if (answered === undefined) return;
    if (Array.isArray(answered)) writeText(`[${answered.map(encode).join(',')}]`);
    else write(answered);
  }

  function onLine(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      write(PARSE_ERROR);
      return;
    }
    const answered = session.receive(message);
    if (answered instanceof Promise) void answered.then(answer);
    else answer(answered);
  }

  const reader = createLineReader({ maxBytes: maxMessageBytes, onLine, onTooLong: () => write(tooLong(maxMessageBytes)) });

  let finish = (): void => undefined;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  let ending: Promise<void> | undefined;

  const onData = (chunk: Buffer | string): void => reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);

  /** Answers what is under way, then ends the session. A client that is gone is not waited for. */
  async function end(): Promise<void> {
    if (!broken) {
      await session.drain(drainMs);
      await new Promise<void>((resolve) => setImmediate(resolve)); // the last answers are written on the next tick
    }
    session.close();
    flush();
    if (!broken && output.writableLength > 0) await written();
    finish();
  }

  /** Waits until the client has read everything, but no longer than the drain. */
  async function written(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(drainMs, 2 ** 31 - 1)); // a timer takes no more
      output.write('', () => resolve());
    });
    clearTimeout(timer);
  }

  function close(): Promise<void> {
    if (ending === undefined) {
      input.off('data', onData);
      input.pause();
      ending = Promise.resolve().then(end);
    }
    return ending;
  }

  input.on('data', onData);
  input.once('end', () => {
    reader.end();
    void close();
  });
  input.once('error', () => void close());
  input.once('close', () => void close()); // a stream that is destroyed has no end
  output.on('error', () => {
    broken = true; // the host has closed its end: there is nobody to tell
    void close();
  });

  return { closed, close };
}
