/**
 * Serves a daemon by newline-delimited JSON-RPC. This adapter handles bytes and streams; the session does the rest.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio
 */
import type { Readable, Writable } from 'node:stream';

import type { Daemon, JsonRpcMessage, JsonRpcResponse, SessionIdentity } from '@mcp-daemon/core';
import { createLineReader, DaemonError, encode, refuseInexactId, weighMessage } from '@mcp-daemon/core';

/** What {@link serveStdio} takes. */
export interface StdioOptions extends SessionIdentity {
  /** The stream of incoming bytes. */
  input: Readable;
  /** The stream of outgoing messages. Nothing else may write to it. */
  output: Writable;
  /** Maximum size of an incoming message in bytes. Default 10,000,000. A longer line is refused, and the connection stays open. */
  maxMessageBytes?: number;
  /** How long running calls may take after the input has ended, in milliseconds. Default 30,000. */
  drainMs?: number;
}

/** A daemon that is being served. */
export interface StdioServer {
  /** Resolves when the input has ended and all running calls are answered, or after {@link StdioServer.close}. Never rejects. */
  readonly closed: Promise<void>;
  /** Stops reading, waits for running calls (for at most `drainMs`), and ends. */
  close(): Promise<void>;
}

const parseError = (error: unknown): JsonRpcResponse => ({
  jsonrpc: '2.0',
  error: {
    code: -32700,
    message: error instanceof DaemonError ? error.message : 'Parse error: a line must be one JSON-RPC message.',
  },
});

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

  /** Writes all messages of one turn of the event loop at once. */
  function flush(): void {
    scheduled = false;
    if (lines === '' || broken) return;
    const text = lines;
    lines = '';
    // While the client does not read, do not read from it. This limits its running calls.
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
    let bytes: number;
    try {
      bytes = weighMessage(line);
      message = JSON.parse(line);
    } catch (error) {
      write(parseError(error));
      return;
    }
    const refused = refuseInexactId(message, line);
    if (refused !== undefined) {
      writeText(refused);
      return;
    }
    const answered = session.receive(message, undefined, bytes);
    if (answered instanceof Promise) void answered.then(answer);
    else answer(answered);
  }

  const reader = createLineReader({ maxBytes: maxMessageBytes, onLine, onTooLong: () => write(tooLong(maxMessageBytes)) });

  let finish = (): void => undefined;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  let ending: Promise<void> | undefined;

  const onData = (chunk: Buffer | string): void => reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);

  /** Waits for running calls, then ends the session. Does not wait if the client is gone. */
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

  /** Waits until the client has read everything, for at most `drainMs`. */
  async function written(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(drainMs, 2 ** 31 - 1)); // the maximum delay of a timer
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
  input.once('close', () => void close()); // a destroyed stream emits no `end`
  output.on('error', () => {
    broken = true; // the host has closed its end: nothing can be written any more
    void close();
  });

  return { closed, close };
}
