/** What the tests of core share: daemons that end with their test, clients of both eras, and a store that does as it is told. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { jest } from '@jest/globals';

import { until } from '../../../tests/until.js';
import type {
  CallRecord,
  CallStore,
  Daemon,
  DaemonOptions,
  FunctionContext,
  FunctionDefinition,
  JsonObject,
  JsonRpcNotification,
  JsonRpcRequest,
  JsonRpcResponse,
  Logger,
  RequestId,
  Session,
  SessionIdentity,
  Store,
} from '../src/index.js';
import { createDaemon, createMemoryStore, defineCatalog, defineTool } from '../src/index.js';

const daemons: Daemon[] = [];
let isStopped = false;

afterEach(async () => {
  const closed = Promise.all(daemons.splice(0).map((daemon) => daemon.close({ drainMs: 1 })));
  if (isStopped) await jest.advanceTimersByTimeAsync(10_000); // also for what a daemon began before
  isStopped = false;
  jest.useRealTimers();
  await closed;
});

/** A daemon that is closed when its test ends. */
export function daemonWith(functions: readonly FunctionDefinition[], options: Partial<DaemonOptions> = {}): Daemon {
  const daemon = createDaemon({
    catalog: defineCatalog({ functions }),
    server: { name: 'tested', version: '1.2.3' },
    ...options,
  });
  daemons.push(daemon);
  return daemon;
}

/** A tool that takes anything. */
export const tool = (
  name: string,
  run: (args: JsonObject, context: FunctionContext) => unknown,
  more: JsonObject = {},
): FunctionDefinition => defineTool({ name, inputSchema: { type: 'object' }, run: run as never, ...more });

/** A tool that returns its text. */
export const echo = defineTool({
  name: 'echo',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ text }) => text,
});

/** The members of a modern request's `_meta` that the protocol asks for. */
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
} as const;

/** One message that the server sent by itself, and the request on whose stream it belongs. */
export interface Told {
  message: JsonRpcRequest | JsonRpcNotification;
  related: RequestId | undefined;
}

/** The result of an answer. */
export function resultOf(answer: unknown): JsonObject {
  const { result, error } = answer as { result?: JsonObject; error?: unknown };
  if (result === undefined) throw new Error(`no result, but ${JSON.stringify(error ?? answer)}`);
  return result;
}

/** The error of an answer. */
export function errorOf(answer: unknown): { code: number; message: string; data?: unknown } {
  const { error } = answer as { error?: { code: number; message: string; data?: unknown } };
  if (error === undefined) throw new Error(`no error, but ${JSON.stringify(answer)}`);
  return error;
}

/** The text of a result's only block. */
export function textOf(answer: unknown): string {
  const { content } = resultOf(answer) as { content: { type: string; text: string }[] };
  if (content.length !== 1 || content[0]?.type !== 'text') throw new Error(`not one text, but ${JSON.stringify(content)}`);
  return content[0].text;
}

/** One connection of a client that speaks JSON-RPC by hand. */
export class Client {
  readonly told: Told[] = [];
  readonly session: Session;
  /** Answers the server's requests; undefined: it does not. */
  onRequest: ((request: JsonRpcRequest) => { result: unknown } | { error: unknown } | undefined) | undefined;
  #meta: JsonObject | undefined;
  #nextId = 1;

  constructor(daemon: Daemon, meta?: JsonObject, identity?: SessionIdentity) {
    this.#meta = meta;
    this.session = daemon.open(
      {
        send: (message, related) => {
          this.told.push({ message: JSON.parse(JSON.stringify(message)) as Told['message'], related });
          if (!('id' in message)) return;
          const answer = this.onRequest?.(message);
          if (answer !== undefined) setImmediate(() => void this.session.receive({ jsonrpc: '2.0', id: message.id, ...answer }));
        },
      },
      identity,
    );
  }

  /** Sends anything; the answer as it would be on the wire. */
  async raw(message: unknown): Promise<JsonRpcResponse | JsonRpcResponse[] | undefined> {
    const answer = await this.session.receive(message);
    return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as JsonRpcResponse);
  }

  /** A request as this client sends it. */
  message(method: string, params: JsonObject = {}, id: RequestId = this.#nextId++): JsonRpcRequest {
    if (this.#meta === undefined) return { jsonrpc: '2.0', id, method, params };
    return { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...this.#meta, ...(params['_meta'] as JsonObject) } } };
  }

  async request(method: string, params: JsonObject = {}, id?: RequestId): Promise<JsonRpcResponse> {
    const answer = await this.raw(this.message(method, params, id));
    return answer as JsonRpcResponse;
  }

  call(name: string, args: JsonObject = {}, more: JsonObject = {}, id?: RequestId): Promise<JsonRpcResponse> {
    return this.request('tools/call', { name, arguments: args, ...more }, id);
  }

  notify(method: string, params: JsonObject = {}): void {
    void this.session.receive({ jsonrpc: '2.0', method, params });
  }

  cancel(requestId: RequestId): void {
    this.notify('notifications/cancelled', { requestId });
  }

  /** What the server sent by itself of one method. */
  of(method: string): JsonObject[] {
    return this.told.filter(({ message }) => message.method === method).map(({ message }) => message.params ?? {});
  }
}

/** A client after its handshake. */
export async function legacy(
  daemon: Daemon,
  {
    version = '2025-11-25',
    capabilities = {},
    identity,
  }: { version?: string; capabilities?: JsonObject; identity?: SessionIdentity } = {},
): Promise<Client> {
  const client = new Client(daemon, undefined, identity);
  resultOf(
    await client.request('initialize', { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } }),
  );
  client.notify('notifications/initialized');
  return client;
}

/** A client that gives its metadata with every request. */
export function modern(daemon: Daemon, { meta = {}, identity }: { meta?: JsonObject; identity?: SessionIdentity } = {}): Client {
  return new Client(daemon, { ...META, ...meta }, identity);
}

/** Waits until a listen stream is acknowledged. @param id of its request */
export const listening = (client: Client, id: RequestId): Promise<unknown> =>
  until(
    () =>
      client.told.some(({ message, related }) => message.method === 'notifications/subscriptions/acknowledged' && related === id),
    `the stream ${id} is acknowledged`,
  );

/** A promise and what settles it. */
export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/**
 * Gives what must not happen some turns of the event loop to happen in. How many turns work takes depends on the machine: wait for what
 * must happen with `until`, and then, with this, show that nothing else does.
 */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Frees all memory that nothing refers to. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * Stops `Date` and all timers until the end of the test: nothing that takes a time happens before the test says so. Call it before a
 * daemon is created.
 *
 * @returns lets some milliseconds pass, first for what has begun to set its timers, and then for these to be called. Wait for what they
 *   do with `until`
 */
export function stopClock(): (ms: number) => Promise<void> {
  isStopped = true;
  jest.useFakeTimers({ doNotFake: ['performance', 'setImmediate', 'nextTick', 'queueMicrotask'] });
  return async (ms) => {
    await turns();
    await jest.advanceTimersByTimeAsync(ms);
    await turns();
  };
}

/**
 * Lets time pass until a promise is settled.
 * @param pass of {@link stopClock}
 * @param ms milliseconds of one step
 * @returns the value of the promise
 */
export async function inTime<T>(pass: (ms: number) => Promise<void>, ms: number, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  void promise.finally(() => (isSettled = true)).catch(() => undefined);
  await until(async () => {
    await pass(ms);
    return isSettled;
  }, 'what needs time');
  return promise;
}

/** One line of a log. */
export interface Line {
  level: keyof Logger;
  fields: object;
  message: string;
}

/** A logger that remembers. */
export function memoryLogger(): { logger: Logger; lines: Line[]; of: (level: keyof Logger) => string[] } {
  const lines: Line[] = [];
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { logger, lines, of: (level) => lines.filter((line) => line.level === level).map(({ message }) => message) };
}

/** A memory store whose writes are seen, and whose methods can be replaced. */
export function watchedStore(methods: Partial<CallStore> & { close?: () => void | Promise<void> } = {}): {
  store: Store;
  /** Copies of the rows of each write, as they were then. */
  writes: CallRecord[][];
  rows: () => CallRecord[];
} {
  const memory = createMemoryStore();
  const writes: CallRecord[][] = [];
  const { close = () => {}, ...calls } = methods;
  const store: Store = {
    ...memory,
    close,
    calls: {
      ...memory.calls,
      ...calls,
      write(rows) {
        writes.push(rows.map((row) => ({ ...row })));
        return (calls.write ?? memory.calls.write)(rows);
      },
    },
  };
  const rows = (): CallRecord[] => {
    const latest = new Map<string, CallRecord>();
    for (const row of writes.flat()) latest.set(row.mcp_function_call_uuid, row);
    return [...latest.values()];
  };
  return { store, writes, rows };
}
