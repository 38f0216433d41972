/** What goes wrong on a pipe, each over a real process: it is answered, and the connection lives. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../until.js';
import type { Json, Line } from './raw.js';
import { RawClient } from './raw.js';
import type { Home } from './sidecar.js';
import { bin, callsOf, createHome } from './sidecar.js';

let home: Home;
let client: RawClient;

const start = (...args: string[]): RawClient => (client = new RawClient(home.args(...args)));
const errorOf = (answer: Line | undefined): { code: number; message: string } => (answer as Json | undefined)?.['error'] as never;
const textOf = (answer: Json): string => String((((answer['result'] as Json)['content'] ?? []) as Json[])[0]?.['text']);
const call = (name: string, args: Json = {}): Json => ({ name, arguments: args });
const line = (id: unknown, method: string, params: Json = {}): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

/** Sends something, and expects one error that names no request; then the connection must still work. */
async function refused(code: number, bytes: string | Uint8Array): Promise<void> {
  const before = client.lines.length;
  client.write(bytes);
  await until(() => client.lines.length > before, 'an answer');
  expect(errorOf(client.lines[before]).code).toBe(code);
  expect(await client.ask('ping')).toMatchObject({ result: {} });
  expect(client.lines).toHaveLength(before + 2);
}

beforeEach(async () => {
  home = await createHome();
  start();
});
afterEach(async () => {
  client.process.kill('SIGKILL');
  await client.exited;
  await home.remove();
});

describe('a line', () => {
  it.each([['no JSON'], ['{'], ['{"jsonrpc":"2.0","id":1,"method":"ping"}}'], ['\u0000'], ['"open']])(
    'that is no JSON is refused: %j',
    async (text) => {
      await client.initialize();
      await refused(-32700, `${text}\n`);
    },
  );

  it.each([
    ['null'],
    ['5'],
    ['"ping"'],
    ['{}'],
    ['{"id":"x","method":"ping"}'],
    ['{"jsonrpc":"1.0","id":"x","method":"ping"}'],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":"x","method":5}'],
  ])('that is no JSON-RPC is refused: %s', async (text) => {
    await client.initialize();
    await refused(-32600, `${text}\n`);
  });

  it('with params that are no object is refused', async () => {
    await client.initialize();
    const { answer } = { answer: client.answer('a') };
    client.write('{"jsonrpc":"2.0","id":"a","method":"tools/list","params":[1]}\n');
    expect(errorOf(await answer).code).toBe(-32602);
  });

  it('that is blank is ignored, and one may end in CR LF', async () => {
    await client.initialize();
    const answer = client.answer('crlf');
    client.write(`\n  \r\n${line('crlf', 'ping').trimEnd()}\r\n`);
    expect(await answer).toMatchObject({ result: {} });
    expect(client.lines).toHaveLength(2);
  });

  it('over the limit is refused, in one chunk or in several', async () => {
    client.process.kill();
    await client.exited;
    start('--max-message-bytes', '20000');
    await client.initialize();
    const long = line('long', 'tools/call', call('test_structured', { text: 'x'.repeat(30_000) }));
    await refused(-32600, long);
    // The answer to the message before it shows that the first part has been read.
    const read = client.answer('before');
    client.write(line('before', 'ping') + long.slice(0, 15_000));
    await read;
    const before = client.lines.length;
    client.write(long.slice(15_000));
    await until(() => client.lines.length > before, 'an answer');
    expect(errorOf(client.lines[before]).code).toBe(-32600);
    expect(textOf(await client.ask('tools/call', call('test_structured', { text: 'x'.repeat(15_000) })))).toMatch(/15000/);
  });

  it('of 10 MB is read, and one of more is refused, by default', async () => {
    await client.initialize();
    const text = 'x'.repeat(9_900_000);
    expect(textOf(await client.ask('tools/call', call('test_structured', { text })))).toMatch(/9900000/);
    await refused(-32600, line('long', 'tools/call', call('test_structured', { text: `${text}${'x'.repeat(200_000)}` })));
  });

  it('may be split anywhere, in the middle of a character too', async () => {
    await client.initialize();
    const text = 'žluťoučký kůň 🐎 日本';
    const bytes = Buffer.from(line('split', 'tools/call', call('test_elicitation', { message: text, x: text })));
    const answer = client.answer('split');
    for (const byte of bytes) {
      client.write(Buffer.of(byte));
      // Gives the server a chance to read half a character; the result is the same if it does not.
      if (byte >= 0x80) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await answer;
    expect(await lastArguments()).toEqual({ message: text, x: text });
  });

  it('may arrive with others in one chunk', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    const initialize = line('hello', 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    const answers = Promise.all(ids.map((id) => client.answer(id)));
    client.write(initialize + ids.map((id) => line(id, 'tools/call', call('test_simple_text'))).join(''));
    for (const answer of await answers) expect(textOf(answer)).toMatch(/simple text/);
  });
});

/** What the last call was given, once it is in the record. */
async function lastArguments(): Promise<unknown> {
  await client.end();
  return (await callsOf(home, '--limit', '1'))[0]?.['arguments'];
}

describe('a request', () => {
  it('before initialize is refused, and ping is not', async () => {
    expect(errorOf(await client.ask('tools/list'))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('initialize'),
    });
    expect(await client.ask('ping')).toMatchObject({ result: {} });
    await client.initialize();
    expect((await client.ask('tools/list'))['result']).toBeDefined();
  });

  it('to initialize again is answered, and what follows is served by the new version', async () => {
    expect(await client.initialize('2025-11-25')).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
    expect(await client.initialize('2025-03-26')).toMatchObject({ result: { protocolVersion: '2025-03-26' } });
    client.send([{ jsonrpc: '2.0', id: 'still', method: 'ping' }]); // only 2025-03-26 has batches
    await until(() => client.lines.some(Array.isArray), 'the batch');
  });

  it('for an unknown method is refused, a notification of one is not', async () => {
    await client.initialize();
    expect(errorOf(await client.ask('no/such/method')).code).toBe(-32601);
    client.notify('notifications/no-such');
    expect(await client.ask('ping')).toMatchObject({ result: {} });
  });

  it('with the id of a running request is refused', async () => {
    await client.initialize();
    client.write(line('twice', 'tools/call', call('test_wait', { ms: 300 })) + line('twice', 'ping'));
    await until(() => client.lines.filter((each) => (each as Json)['id'] === 'twice').length === 2, 'both answers');
    const [first, second] = client.lines.filter((each) => (each as Json)['id'] === 'twice');
    expect(errorOf(first).code).toBe(-32600);
    expect(textOf(second as Json)).toBe('Waited 300 ms.');
  });
});

describe('a cancellation', () => {
  it('of a call that has ended, is unknown or malformed is ignored', async () => {
    await client.initialize();
    const { id, answer } = client.request('tools/call', call('test_simple_text'));
    await answer;
    for (const requestId of [id, 'unknown', null, { a: 1 }]) client.notify('notifications/cancelled', { requestId });
    client.notify('notifications/cancelled');
    expect(await client.ask('ping')).toMatchObject({ result: {} });
    expect(client.lines).toHaveLength(3);
  });

  it('of a running call: the call is not answered, and its record says cancelled', async () => {
    await client.initialize();
    const { id } = client.request('tools/call', call('test_wait', { ms: 60_000 }));
    await client.ask('ping');
    client.notify('notifications/cancelled', { requestId: id });
    await client.ask('ping');
    await client.end();
    expect(client.lines.filter((each) => (each as Json)['id'] === id)).toEqual([]);
    expect((await callsOf(home)).map(({ status }) => status)).toEqual(['cancelled']);
  });
});

describe('an answer to no request', () => {
  it.each([
    [{ id: 'x', result: {} }],
    [{ id: 7, error: { code: 1, message: 'no' } }],
    [{ id: null, error: { code: 1, message: 'no' } }],
  ])('is ignored: %j', async (answer) => {
    await client.initialize();
    client.send({ jsonrpc: '2.0', ...answer });
    expect(await client.ask('ping')).toMatchObject({ result: {} });
    expect(client.lines).toHaveLength(2);
  });
});

describe('the end', () => {
  it('of stdin: running calls are answered, then the process exits with 0', async () => {
    await client.initialize();
    const answers = [300, 500, 100].map((ms) => client.request('tools/call', call('test_wait', { ms })).answer);
    client.write(line('unfinished', 'tools/call', call('test_simple_text')).trimEnd()); // no newline: the end is one, too
    const last = client.answer('unfinished');
    expect(await client.end()).toEqual({ code: 0, signal: null });
    expect((await Promise.all(answers)).map(textOf)).toEqual(['Waited 300 ms.', 'Waited 500 ms.', 'Waited 100 ms.']);
    expect(textOf(await last)).toMatch(/simple text/);
    expect((await callsOf(home)).map(({ status }) => status)).toEqual(Array(4).fill('completed'));
  });

  it('is not delayed forever by a running call', async () => {
    client.process.kill();
    await client.exited;
    start('--drain-ms', '300');
    await client.initialize();
    client.request('tools/call', call('test_wait', { ms: 60_000 }));
    await client.ask('ping');
    expect(await client.end()).toEqual({ code: 0, signal: null });
    expect((await callsOf(home)).map(({ status }) => status)).toEqual(['cancelled']);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s cancels calls in flight at once', async (signal) => {
    await client.initialize();
    client.request('tools/call', call('test_wait', { ms: 60_000 }));
    await client.ask('ping');
    client.process.kill(signal);
    expect(await client.exited).toEqual({ code: 0, signal: null });
    expect((await callsOf(home)).map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('of the host ends the process without an error message', async () => {
    await client.initialize();
    client.request('tools/call', call('test_wait', { ms: 200 }));
    client.process.stdout.destroy();
    client.process.stdin.end();
    expect((await client.exited).code).toBe(0);
    expect(client.stderr).not.toMatch(/EPIPE|at .*\.js/);
  });
});

describe('code', () => {
  /** Serves one tool whose module has this text. */
  async function serve(module: string | undefined, link: Json): Promise<void> {
    client.process.kill();
    await client.exited;
    const folder = join(home.folder, 'broken');
    await mkdir(folder);
    if (module !== undefined) await writeFile(join(folder, 'broken.mjs'), module);
    const config = {
      tools: [{ name: 'broken', inputSchema: { type: 'object' } }],
      module_links: [{ type: 'tool', name: 'broken', module_name: 'broken', ...link }],
    };
    await writeFile(join(folder, 'mcp.json'), JSON.stringify(config));
    client = new RawClient([bin, '--transport', 'stdio', '--config', join(folder, 'mcp.json'), '--data-dir', home.dataDir]);
    await client.initialize();
  }

  it.each([
    ['is missing', undefined, { function_name: 'run' }, /not found/],
    ['throws', 'throw new Error("no luck");', { function_name: 'run' }, /no luck/],
    ['does not parse', 'export const = 5;', { function_name: 'run' }, /broken\.mjs/],
    ['lacks the class', 'export class Other {}', { class_name: 'Tools', function_name: 'run' }, /Tools/],
    ['lacks the function', 'export class Tools {}', { class_name: 'Tools', function_name: 'run' }, /run/],
    ['lacks the export', 'export const other = 5;', { function_name: 'run' }, /run/],
    [
      'has a class that cannot be built',
      'export class Tools { constructor() { throw new Error("no luck") } }',
      { class_name: 'Tools', function_name: 'run' },
      /no luck/,
    ],
  ])('that %s is a tool error; the log says why', async (_what, module, link, why) => {
    await serve(module, link);
    expect((await client.ask('tools/list'))['result']).toBeDefined();
    const answer = await client.ask('tools/call', call('broken'));
    expect(answer['result']).toMatchObject({ isError: true });
    expect(textOf(answer)).not.toContain(home.folder); // nothing of the inside reaches the client
    await until(() => why.test(client.stderr), 'the reason');
    await writeFile(
      join(home.folder, 'broken/broken.mjs'),
      'export const run = () => "mended"; export class Tools { run() { return "mended"; } }',
    );
    await until(async () => textOf(await client.ask('tools/call', call('broken'))) === 'mended', 'the mended code');
  });

  it('that prints does not disturb the protocol', async () => {
    await serve(
      `import { writeSync } from 'node:fs';
       console.log('at import');
       export function run() { console.log('printed'); process.stdout.write('written'); return 'fine'; }`,
      { function_name: 'run' },
    );
    expect(textOf(await client.ask('tools/call', call('broken')))).toBe('fine');
    await until(() => client.stderr.includes('printed'), 'the text on stderr');
  });

  it('that throws or rejects later does not end the server', async () => {
    await serve(
      `export function run() {
         setTimeout(() => { throw new Error('thrown late'); }, 10);
         Promise.reject(new Error('rejected late'));
         return 'fine';
       }`,
      { function_name: 'run' },
    );
    expect(textOf(await client.ask('tools/call', call('broken')))).toBe('fine');
    await until(() => client.stderr.includes('thrown late') && client.stderr.includes('rejected late'), 'both on stderr');
    expect(await client.ask('ping')).toMatchObject({ result: {} });
  });
});
