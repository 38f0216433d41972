/**
 * The child program for JavaScript: connects to the daemon, loads functions and runs calls. Bundled into one file by build.mjs.
 *
 *     node node-child.cjs        with MCP_RUNNER_SOCKET and MCP_RUNNER_TOKEN in the environment
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { connect } from 'node:net';

import { DaemonError, messageOf } from '@mcp-daemon/core/child';

import { Connection } from '../protocol/connection.js';
import type { Message } from '../protocol/frames.js';
import { attachmentsOf, jsonOf } from '../protocol/frames.js';
import type { Call, CallerBody, Load, Welcome } from '../protocol/messages.js';
import { FROM_CHILD, PROTOCOL, SOCKET_VARIABLE, TO_CHILD, TOKEN_VARIABLE } from '../protocol/messages.js';
import type { LoadedFunction } from './calls.js';
import { CallRunner } from './calls.js';
import type { Send } from './context.js';
import type { ClassLogger } from './load.js';
import { Loader } from './load.js';
import type { Printing } from './output.js';
import { captureOutput } from './output.js';

const { [SOCKET_VARIABLE]: path = '', [TOKEN_VARIABLE]: token = '' } = process.env;
Reflect.deleteProperty(process.env, SOCKET_VARIABLE);
Reflect.deleteProperty(process.env, TOKEN_VARIABLE);

const { exit } = process;
/** The exit code of a process whose connection has ended. */
const DISCONNECTED = 75;
const current = new AsyncLocalStorage<Printing>();
const functions = new Map<number, LoadedFunction>();
const callers = new Map<number, CallerBody>();
let maxMessageBytes = 65_536;
let isEnding = false;
let isLeaving = false;

const socket = connect(path);
const connection = new Connection({
  socket,
  maxMessageBytes: Infinity, // what the daemon sends is as large as it may be
  onMessage: (message) => receive(message),
  onBatch: () => calls.begin(),
  onEnd: () => exit(isLeaving ? 0 : DISCONNECTED), // the daemon is gone, or the user's code closed the connection
});

const send: Send = (type, id, body) => connection.send(type, id, JSON.stringify(body));

/** `logger.info(fields, message)`, and `logger.info(message)`. */
const logger = Object.fromEntries(
  (['debug', 'info', 'warn', 'error'] as const).map((level) => [
    level,
    (fields: unknown, message?: unknown) => {
      const isText = typeof fields !== 'object' || fields === null;
      send(FROM_CHILD.DIAGNOSTIC, 0, {
        level,
        message: String(isText ? fields : (message ?? '')),
        ...(isText ? {} : { fields: plain(fields) }),
      });
    },
  ]),
) as unknown as ClassLogger;

/** The fields of a log line, as far as JSON has them. */
function plain(fields: object): unknown {
  try {
    return JSON.parse(JSON.stringify(fields, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
  } catch {
    return {}; // a cycle: the message alone is logged
  }
}

const loader = new Loader(logger);
const calls = new CallRunner({
  functions,
  callers,
  current,
  send,
  sendJson: (type, id, json, attachments) => connection.send(type, id, json, attachments),
  flush: () => connection.flush(),
  maxMessageBytes: () => maxMessageBytes,
  onIdle: leave,
});

async function load(id: number, body: Load): Promise<void> {
  try {
    functions.set(id, { run: await loader.load(body), partition: body.partition, quick: false });
    send(FROM_CHILD.LOADED, id, {});
  } catch (error) {
    const code = error instanceof DaemonError ? error.code : 'module_failed';
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const stack = cause instanceof Error ? cause.stack : undefined;
    send(FROM_CHILD.FAILED, id, {
      code,
      message: messageOf(error),
      ...(stack === undefined ? {} : { stack: stack.slice(0, 10_000) }),
    });
  }
}

/** Ends this process when it is to end, and its calls have ended: open handles do not hold it. */
function leave(): void {
  if (!isEnding || calls.size > 0) return;
  connection.flush();
  isLeaving = true;
  socket.end(() => exit(0));
}

/** Puts the attached texts where they belong. */
function withTexts(call: Call, message: Message): Call {
  const bytes = attachmentsOf(message);
  let at = 0;
  for (const { at: name, size } of call.texts ?? []) {
    (call.input as Record<string, unknown>)[name] = bytes.toString('utf8', at, at + size);
    at += size;
  }
  return call;
}

function receive(message: Message): void {
  const { type, id } = message;
  const body: unknown = JSON.parse(jsonOf(message));
  switch (type) {
    case TO_CHILD.WELCOME:
      ({ maxMessageBytes } = body as Welcome);
      break;
    case TO_CHILD.LOAD:
      void load(id, body as Load);
      break;
    case TO_CHILD.CALL:
      calls.add(id, message.attached ? withTexts(body as Call, message) : (body as Call));
      break;
    case TO_CHILD.ABORT:
      calls.begin(); // it may be one of the same batch
      calls.abort(id, (body as { reason: string }).reason);
      break;
    case TO_CHILD.CALLER:
      callers.set(id, body as CallerBody);
      break;
    case TO_CHILD.FORGET:
      functions.delete(id);
      break;
    case TO_CHILD.END:
      isEnding = true;
      calls.begin();
      leave();
      break;
  }
}

// An error that is thrown outside of a call must not end the calls of others: it is logged, as in the daemon's process.
process.on('uncaughtException', (error: unknown, origin: string) => {
  const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
  const stack = error instanceof Error ? error.stack : undefined;
  send(FROM_CHILD.DIAGNOSTIC, 0, { level: 'error', message: `${what}: ${messageOf(error)}`, fields: { stack } });
});
process.on('exit', () => connection.flush());

captureOutput(current, send);
send(FROM_CHILD.HELLO, 0, { protocol: PROTOCOL, token, runtime: 'node', version: process.version, pid: process.pid });
