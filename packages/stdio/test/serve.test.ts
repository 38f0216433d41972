import { PassThrough, Writable } from 'node:stream';

import { jest } from '@jest/globals';
import type { Daemon, DaemonOptions, JsonObject } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineResource, defineTool, elicit, inputRequired } from '@mcp-daemon/core';
import type { StdioOptions, StdioServer } from '@mcp-daemon/stdio';
import { serveStdio } from '@mcp-daemon/stdio';

import { arrival, until } from '../../../tests/until.js';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Gives what must not happen some turns of the event loop to happen in. What must happen is waited for with `until`. */
async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Functions that end when the test releases them. */
function gate(): {
  run: () => Promise<string>;
  open: (value: string) => void;
  signals: AbortSignal[];
  wait: ReturnType<typeof defineTool>;
} {
  let open: (value: string) => void = () => {};
  const promise = new Promise<string>((resolve) => (open = resolve));
  const signals: AbortSignal[] = [];
  const run = (): Promise<string> => promise;
  const wait = defineTool({
    name: 'wait',
    run: (_args, { signal }) => {
      signals.push(signal);
      return promise;
    },
  });
  return { run, open, signals, wait };
}

const echo = defineTool({
  name: 'echo',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ text }) => text,
});

interface Served {
  daemon: Daemon;
  server: StdioServer;
  input: PassThrough;
  output: Writable;
  /** All messages that were written. */
  messages: () => JsonObject[];
  text: () => string;
  send: (...messages: unknown[]) => void;
}

/** A daemon that is served over streams. */
function served(
  options: Partial<StdioOptions> & { daemon?: Partial<DaemonOptions>; functions?: ReturnType<typeof defineTool>[] } = {},
): Served {
  const { daemon: daemonOptions = {}, functions = [], ...rest } = options;
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo, ...functions] }), ...daemonOptions });
  let text = '';
  const input = new PassThrough();
  const output =
    rest.output ??
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
  const server = serveStdio(daemon, { input, drainMs: 60_000, ...rest, output });
  ended.push(
    () => daemon.close({ drainMs: 1 }),
    // A test may leave a call or an output that never ends: then it is not waited for.
    () => Promise.race([server.close(), turns()]),
  );
  const messages = (): JsonObject[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject);
  const send = (...sent: unknown[]): void => void input.write(sent.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return { daemon, server, input, output, messages, text: () => text, send };
}

const call = (id: number | string, name: string, args: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, _meta: META },
});

const initialize = (protocolVersion = '2025-11-25', capabilities: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities, clientInfo: { name: 't', version: '1' } },
});

const ids = (messages: JsonObject[]): unknown[] => messages.map(({ id }) => id);

describe('messages over stdio', () => {
  it('are answered with one line each', async () => {
    const { send, messages, text } = served();
    send(call(1, 'echo', { text: 'a\nb' }), call('two', 'echo', { text: 'ü🦊' }));
    await until(() => messages().length === 2);
    expect(messages()).toMatchObject([
      { jsonrpc: '2.0', id: 1, result: { content: [{ text: 'a\nb' }] } },
      { jsonrpc: '2.0', id: 'two', result: { content: [{ text: 'ü🦊' }] } },
    ]);
    expect(text().split('\n')).toHaveLength(3);
  });

  it('may arrive in any chunks', async () => {
    const { input, messages } = served();
    const bytes = Buffer.from(`${JSON.stringify(call(1, 'echo', { text: 'grüße' }))}\r\n`);
    for (const byte of bytes) input.write(Buffer.of(byte));
    await until(() => messages().length === 1);
    expect(messages()).toMatchObject([{ id: 1, result: { content: [{ text: 'grüße' }] } }]);
  });

  it('may arrive as strings', async () => {
    const { input, messages } = served();
    input.setEncoding('utf8');
    input.write(`${JSON.stringify(call(1, 'echo', { text: 'a' }))}\n`);
    await until(() => messages().length === 1);
  });

  it('may arrive together with the handshake', async () => {
    const { send, messages } = served();
    send(
      initialize(),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      {
        jsonrpc: '2.0',
        id: 2,
        method: 'tools/call',
        params: { name: 'echo', arguments: { text: 'a' } },
      },
    );
    await until(() => messages().length === 3);
    expect(ids(messages())).toEqual([0, 1, 2]);
    expect(messages().every((message) => 'result' in message)).toBe(true);
  });

  it('may be batches in protocol versions that have them', async () => {
    const { send, messages, text } = served();
    send(initialize('2025-03-26'), [call(1, 'echo', { text: 'a' }), { jsonrpc: '2.0', id: 2, method: 'ping' }]);
    await until(() => text().split('\n').length === 3);
    expect(messages()[1]).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  it('are handled for the partition and subject of the process', async () => {
    const who = defineTool({ name: 'who', run: (_args, { partition, subject }) => `${partition} ${subject}` });
    const { send, messages } = served({ subject: 'ann', functions: [who] });
    send(call(1, 'who'));
    await until(() => messages().length === 1);
    expect(JSON.stringify(messages())).toContain('default ann');
  });
});

describe('lines that are not messages', () => {
  it.each<[string, string | Buffer]>([
    ['words', 'hello\n'],
    ['half a message', '{"jsonrpc":"2.0",\n'],
    ['two on one line', '{"jsonrpc":"2.0"}{"jsonrpc":"2.0"}\n'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a])],
    ['a lone byte order mark', '\ufeffx\n'],
  ])('are answered with a parse error without an id, and the connection stays open: %s', async (_what, bytes) => {
    const { input, send, messages } = served();
    input.write(bytes);
    send(call(1, 'echo', { text: 'a' }));
    await until(() => messages().length === 2);
    expect(messages()[0]).toEqual({ jsonrpc: '2.0', error: { code: -32700, message: expect.any(String) as string } });
    expect(messages()[1]).toMatchObject({ id: 1, result: {} });
  });

  it('are answered with an invalid request if they are JSON', async () => {
    const { input, messages } = served();
    input.write('null\n5\n"x"\n{}\n[]\n');
    await until(() => messages().length === 5);
    expect(messages().map(({ error }) => (error as { code: number }).code)).toEqual(Array(5).fill(-32600));
  });

  it('are refused if they are too long, and the connection stays open', async () => {
    const { send, messages } = served({ maxMessageBytes: 1_000 });
    send(call(1, 'echo', { text: 'x'.repeat(2_000) }), call(2, 'echo', { text: 'a' }));
    await until(() => messages().length === 2);
    expect(messages()).toMatchObject([
      { error: { code: -32600, message: expect.stringContaining('1000 bytes') as string } },
      { id: 2, result: {} },
    ]);
    expect(messages()[0]).not.toHaveProperty('id');
  });

  it('are skipped if they are blank', async () => {
    const { input, send, messages } = served();
    input.write('\n  \r\n\n');
    send(call(1, 'echo', { text: 'a' }));
    await until(() => messages().length === 1);
    await turns();
    expect(messages()).toHaveLength(1);
  });
});

describe('a host that reads slowly', () => {
  /** An output that accepts one chunk, and the next when it is released. */
  function slow(): { output: Writable; chunks: string[]; next: () => void; all: () => void } {
    const chunks: string[] = [];
    const waiting: (() => void)[] = [];
    let free = false;
    const output = new Writable({
      highWaterMark: 100,
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString());
        if (free) done();
        else waiting.push(done);
      },
    });
    return {
      output,
      chunks,
      next: () => waiting.shift()?.(),
      all: () => {
        free = true;
        for (const done of waiting.splice(0)) done();
      },
    };
  }

  it('pauses the input until it reads again; nothing is lost and the order is kept', async () => {
    const { output, chunks, all } = slow();
    const { input, send } = served({ output });
    for (let id = 1; id <= 20; id += 1) {
      send(call(id, 'echo', { text: 'x'.repeat(200) }));
      await turns(3);
    }
    await until(() => input.isPaused());
    const before = chunks.length;
    await turns();
    expect(chunks).toHaveLength(before);
    all();
    const answered = (): unknown[] =>
      chunks
        .join('')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as JsonObject)['id']);
    await until(() => answered().length === 20);
    expect(answered()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(input.isPaused()).toBe(false);
  });

  it('does not keep the server from ending', async () => {
    const { output } = slow();
    const { send, input, server } = served({ output, drainMs: 30 });
    send(call(1, 'echo', { text: 'x'.repeat(500) }));
    await until(() => input.isPaused());
    await arrival(server.close(), 'the end of the server');
  });

  it('does not resume the input after the server has ended', async () => {
    const { output, all } = slow();
    const { send, input, server } = served({ output, drainMs: 20 });
    send(call(1, 'echo', { text: 'x'.repeat(500) }));
    await until(() => input.isPaused());
    await server.close();
    all();
    await turns();
    expect(input.isPaused()).toBe(true);
  });
});

describe('the end of the input', () => {
  it('waits for running calls to be answered, then ends the server', async () => {
    const { wait, open } = gate();
    const { send, input, server, messages } = served({ functions: [wait] });
    send(call(1, 'wait'), call(2, 'echo', { text: 'a' }));
    input.end();
    await until(() => messages().length === 1);
    open('done');
    await server.closed;
    expect(messages()).toMatchObject([{ id: 2 }, { id: 1, result: { content: [{ text: 'done' }] } }]);
  });

  it('reads the rest without a newline as a message', async () => {
    const { input, server, messages } = served();
    input.end(JSON.stringify(call(1, 'echo', { text: 'a' })));
    await server.closed;
    expect(ids(messages())).toEqual([1]);
  });

  it('comes after the answers to a thousand calls sent just before', async () => {
    const { send, input, server, messages } = served();
    send(...Array.from({ length: 1_000 }, (_, id) => call(id, 'echo', { text: 'a' })));
    input.end();
    await server.closed;
    expect(messages()).toHaveLength(1_000);
    expect(messages().every((message) => 'result' in message)).toBe(true);
  });

  it('cancels calls that take longer than drainMs', async () => {
    const { wait, signals } = gate();
    const { send, input, server, messages } = served({ functions: [wait], drainMs: 20 });
    send(call(1, 'wait'));
    await until(() => signals.length === 1);
    input.end();
    await server.closed;
    expect(messages()).toEqual([]);
    expect(signals[0]?.aborted).toBe(true);
  });

  it('does not wait for answers from a client that has left', async () => {
    const ask = defineTool({
      name: 'ask',
      run: (_args, { inputs }) =>
        inputs['name'] === undefined ? inputRequired({ name: elicit('Name?', { type: 'object', properties: {} }) }) : 'x',
    });
    const { send, input, server, messages } = served({ functions: [ask], drainMs: 60_000 });
    send(initialize('2025-11-25', { elicitation: {} }), { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask' } });
    await until(() => messages().length === 2);
    input.end();
    await server.closed;
    expect(messages().at(-1)).toMatchObject({ id: 1, result: { isError: true } });
  });

  it('does not wait for listen streams', async () => {
    const { send, input, server, messages } = served({ drainMs: 60_000 });
    send({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    });
    await until(() => messages().length === 1);
    input.end();
    await server.closed;
  });

  it('may also be an error, or a destroyed stream', async () => {
    for (const error of [new Error('broken'), undefined]) {
      const { input, server } = served();
      input.destroy(error);
      await arrival(server.closed, 'the end of the server');
    }
  });
});

describe('the end of the output', () => {
  it('ends the server without an error', async () => {
    const { wait, signals } = gate();
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const { send, server } = served({ output, functions: [wait], drainMs: 60_000 });
    send(call(1, 'wait'), call(2, 'echo', { text: 'a' }));
    await server.closed;
    await until(() => signals[0]?.aborted === true);
  });
});

describe('close()', () => {
  it('answers running calls and stops reading; a second call waits for the first', async () => {
    const { wait, open, signals } = gate();
    const { send, server, messages } = served({ functions: [wait] });
    send(call(1, 'wait'));
    await until(() => signals.length === 1);
    const both = Promise.all([server.close(), server.close()]);
    send(call(2, 'echo', { text: 'a' }));
    await turns();
    open('done');
    await both;
    await server.closed;
    expect(ids(messages())).toEqual([1]);
  });

  it('happens when the daemon is closed, and listen streams end with a result', async () => {
    const { send, server, daemon, messages } = served();
    send({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    });
    await until(() => messages().length === 1);
    await daemon.close();
    await server.closed;
    expect(messages().at(-1)).toMatchObject({ id: 1, result: { resultType: 'complete' } });
  });

  it('leaves nothing to write later', async () => {
    const { wait, open, signals } = gate();
    const { send, server, messages } = served({ functions: [wait], drainMs: 10 });
    send(call(1, 'wait'));
    await until(() => signals.length === 1);
    await server.close();
    open('late');
    await turns();
    expect(messages()).toEqual([]);
  });
});

describe('notifications of the server', () => {
  it('are sent between the answers, in order', async () => {
    const steps = defineTool({
      name: 'steps',
      run: function* () {
        yield 1;
        yield 2;
        return 'done';
      } as () => unknown,
    });
    const { send, messages } = served({ functions: [steps] });
    send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'steps', _meta: { ...META, progressToken: 'p' } } });
    await until(() => messages().length === 3);
    expect(messages().map(({ method, id }) => method ?? id)).toEqual(['notifications/progress', 'notifications/progress', 1]);
  });

  it('notify legacy clients of changes', async () => {
    const { send, daemon, messages } = served({ daemon: { capabilities: 'all' } });
    send(initialize());
    await until(() => messages().length === 1);
    daemon.update(defineCatalog({ functions: [defineResource({ name: 'r', uri: 'x://r', run: () => 'r' })] }));
    await until(() => messages().length === 3);
    expect(messages().slice(1)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/tools/list_changed' },
      { jsonrpc: '2.0', method: 'notifications/resources/list_changed' },
    ]);
  });
});

describe('a line that would take too much memory', () => {
  const PARSE_ERROR = -32700;

  it('is refused if it is nested too deeply, without being parsed', async () => {
    const { input, send, messages } = served();
    const parse = jest.spyOn(JSON, 'parse');
    input.write(`${'['.repeat(9_000_000)}\n`);
    send(call(1, 'echo', { text: 'next' }));
    await until(() => messages().length === 2);
    const parsed = parse.mock.calls.map(([text]) => text.length);
    parse.mockRestore();
    expect(Math.max(...parsed)).toBeLessThan(1_000);
    expect(messages()).toMatchObject([
      { error: { code: PARSE_ERROR, message: expect.stringContaining('200 levels') as string } },
      { id: 1, result: {} },
    ]);
  });

  it('is refused if it has too many values', async () => {
    const { input, messages } = served();
    input.write(`[${'{},'.repeat(1_100_000)}0]\n`);
    await until(() => messages().length === 1);
    expect(messages()[0]).toMatchObject({ error: { message: expect.stringContaining('1000000 values') as string } });
  });

  it('counts as long as it runs', async () => {
    const { wait, open } = gate();
    const { send, messages } = served({ functions: [wait], daemon: { limits: { maxBytesInFlightPerUser: 100_000 } } });
    const data = 'x'.repeat(60_000);
    send(call(1, 'wait', { data }), call(2, 'wait', { data }), call(3, 'echo', { text: 'small' }));
    await until(() => messages().length === 2);
    expect(messages()).toMatchObject([
      { id: 2, error: { code: -32010 } },
      { id: 3, result: {} },
    ]);
    open('done');
    await until(() => messages().length === 3);
    send(call(4, 'echo', { text: data }));
    await until(() => messages().length === 4);
    expect(messages()[3]).toMatchObject({ id: 4, result: {} });
  });
});

describe('a pipe that several clients use in turn', () => {
  it('answers initialize each time', async () => {
    const { send, messages } = served();
    const handshake = (id: number, name: string): JsonObject => ({
      jsonrpc: '2.0',
      id,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name, version: '1' } },
    });
    send(handshake(1, 'first'), { jsonrpc: '2.0', method: 'notifications/initialized' }, handshake(2, 'second'));
    await until(() => messages().length === 2);
    const [first, second] = messages();
    expect(first).toMatchObject({ id: 1, result: { protocolVersion: '2025-11-25' } });
    expect(second).toEqual({ ...first, id: 2 });
  });

  it('answers nothing to initialize without an id', async () => {
    const { send, messages } = served();
    send({ jsonrpc: '2.0', method: 'initialize', params: {} }, call(1, 'echo', { text: 'x' }));
    await until(() => messages().length > 0);
    await turns();
    expect(messages()).toMatchObject([{ id: 1 }]);
  });
});

describe('an id that JavaScript cannot represent exactly', () => {
  it('is answered as it was written, so that its client does not wait forever', async () => {
    const { input, text } = served();
    input.write('{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}\n');
    await until(() => text() !== '');
    expect(text()).toContain('"id":9007199254740993,"error":{"code":-32600');
  });
});
