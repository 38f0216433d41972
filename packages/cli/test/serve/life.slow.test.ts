import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { BIN, TempFolder, toolsConfig } from '../support.js';

const MODULE = `
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const hello = () => 'Hello!';
export const slow = async () => { await sleep(400); return 'slow but done'; };
export const never = (input, { signal }) => new Promise((done, fail) => signal.addEventListener('abort', () => fail(new Error('aborted'))));
export const cleans = async (input, { signal }) => {
  console.log('running');
  await new Promise((done) => signal.addEventListener('abort', done));
  await sleep(20);
  console.log('cleaned up');
};
export const late = () => { setTimeout(() => { throw new Error('thrown late'); }, 5); setTimeout(() => Promise.reject(new Error('rejected late')), 5); return 'early'; };
export const leave = () => process.exit(7);
export const die = () => process.kill(process.pid, 'SIGKILL');
export const busy = () => { setInterval(() => {}, 1000); return 'busy'; };
`;

interface CallRow {
  name: string;
  status: string;
  mcp_type: string;
  mcp_function_call_uuid: string;
  arguments: unknown;
  time_spent: number | null;
  created_at: string;
}

describe('a sidecar from start to exit', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', toolsConfig('functions', 'hello', 'slow', 'never', 'late', 'leave', 'busy', 'die', 'cleans'));
    await temp.write('functions.mjs', MODULE);
  });
  afterEach(() => temp.remove());

  const calls = async (...flags: string[]): Promise<CallRow[]> => {
    const { stdout } = await temp.run(['calls', 'list', '--json', ...flags]);
    return JSON.parse(stdout) as CallRow[];
  };

  it('a sidecar serves a client of the official SDK', async () => {
    const env = temp.env() as Record<string, string>;
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [BIN, temp.at('mcp.json')], env }));
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(8);
    const result = await client.callTool({ name: 'hello', arguments: {} });
    expect(result.content).toEqual([{ type: 'text', text: 'Hello!' }]);
    await client.close();
    expect(await calls()).toMatchObject([{ name: 'hello', mcp_type: 'tool', status: 'completed', arguments: {} }]);
  });

  it('a running call is answered when stdin ends, and the sidecar exits with 0', async () => {
    const sidecar = await temp.sidecar([]);
    const id = sidecar.ask('tools/call', { name: 'slow' });
    sidecar.child.stdin.end();
    expect((await sidecar.answer(id)).result?.content?.[0]?.text).toBe('slow but done');
    expect((await sidecar.exited).code).toBe(0);
    expect(await calls()).toMatchObject([{ name: 'slow', status: 'completed' }]);
  });

  it('requests that arrive together with the end of stdin are answered', async () => {
    const lines = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      },
      { id: 2, method: 'tools/call', params: { name: 'slow' } },
    ];
    const { code, stdout } = await temp.run([], {
      input: lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join(''),
    });
    expect(code).toBe(0);
    expect(stdout).toContain('slow but done');
  });

  it('the sidecar waits no longer than --drain-ms for running calls', async () => {
    const sidecar = await temp.sidecar(['--drain-ms', '300']);
    sidecar.ask('tools/call', { name: 'never' });
    await sidecar.request('ping');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    expect(await calls()).toMatchObject([{ name: 'never', status: 'cancelled' }]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('%s cancels running calls at once, and they can clean up', async (signal) => {
    // If a signal waited for --drain-ms, this test would time out.
    const sidecar = await temp.sidecar(['--drain-ms', '600000']);
    sidecar.ask('tools/call', { name: 'cleans' });
    await sidecar.until(() => sidecar.stderr.includes('running'), 'the start of the call');
    sidecar.child.kill(signal);
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.stderr).toContain('cleaned up');
    expect(await calls()).toMatchObject([{ name: 'cleans', status: 'cancelled' }]);
  });

  it('listen streams end with their result at a signal', async () => {
    const sidecar = await temp.sidecar([]);
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const id = sidecar.ask('subscriptions/listen', { _meta: meta, notifications: { toolsListChanged: true } });
    await sidecar.request('ping');
    sidecar.child.kill('SIGTERM');
    expect((await sidecar.answer(id)).result).toMatchObject({ resultType: 'complete' });
    expect((await sidecar.exited).code).toBe(0);
  });

  it('a second signal soon after the first takes no time from a function that cleans up, as at the end of Claude Code', async () => {
    const sidecar = await temp.sidecar([]);
    sidecar.ask('tools/call', { name: 'cleans' });
    await sidecar.until(() => sidecar.stderr.includes('running'), 'the start of the call');
    // Stopped until both are sent: after the first alone it would end as well.
    sidecar.child.kill('SIGSTOP');
    sidecar.child.kill('SIGINT');
    sidecar.child.kill('SIGTERM');
    sidecar.child.kill('SIGCONT');
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.stderr).toContain('cleaned up');
    expect(await calls()).toMatchObject([{ name: 'cleans', status: 'cancelled' }]);
  });

  it('a later signal ends the sidecar at once, whatever it still waits for', async () => {
    // A store that never answers.
    const store = createServer(() => {}).listen(0, '127.0.0.1');
    await once(store, 'listening');
    const env = {
      ...{ MCP_STORE: 'dynamodb', AWS_ENDPOINT_URL: `http://127.0.0.1:${(store.address() as AddressInfo).port}` },
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    };
    const sidecar = await temp.sidecar(['mcp.json'], { env });
    sidecar.ask('tools/call', { name: 'never' });
    await sidecar.request('ping');
    sidecar.child.kill('SIGINT');
    const again = setInterval(() => sidecar.child.kill('SIGTERM'), 50);
    expect((await sidecar.exited).code).toBe(143);
    clearInterval(again);
    store.close();
  });

  it('the client, the record and the log have the reason why code cannot be loaded', async () => {
    await temp.write('functions.mjs', 'export const hello = () => missing(;');
    const sidecar = await temp.sidecar([]);
    const reason = /"hello" cannot be run: .*SyntaxError.*functions\.mjs:1/;
    expect(await sidecar.call('hello')).toMatch(reason);
    await sidecar.until(() => sidecar.stderr.includes('SyntaxError'), 'the reason in the log');
    sidecar.child.stdin.end();
    await sidecar.exited;
    const [row] = (await calls()) as (CallRow & { notes?: string })[];
    expect(row?.notes).toMatch(reason);
  });

  it('modules that do not exist are logged after the start', async () => {
    await temp.write('mcp.json', toolsConfig('functoins', 'hello'));
    const sidecar = await temp.sidecar([]);
    await sidecar.until(() => sidecar.stderr.includes('module \\"functoins\\" not found'), 'a warning');
    expect(sidecar.stderr).toContain('did you mean \\"functions\\"');
    sidecar.child.stdin.end();
    await sidecar.exited;
  });

  it('on a terminal a line on stderr says what the server waits for', async () => {
    const words = [process.execPath, BIN, temp.at('mcp.json')].map((word) => `'${word}'`).join(' ');
    // script(1) runs a command on a terminal of its own.
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: temp.env(), stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.includes('waiting for MCP messages')) child.stdin.end('\u0004'); // Ctrl+D
    }
    expect(text.match(/waiting for MCP messages on stdin/g)).toHaveLength(1);
  });

  it('a signal after the client has left cancels running calls', async () => {
    // If the signal waited for --drain-ms, this test would time out.
    const sidecar = await temp.sidecar(['--drain-ms', '600000', '--log-level', 'debug']);
    sidecar.ask('tools/call', { name: 'never' });
    await sidecar.request('ping');
    sidecar.child.stdin.end();
    await sidecar.until(
      () => sidecar.stderr.includes('stdin has ended: waiting up to 600 s for running calls'),
      'the end of stdin',
    );
    sidecar.child.kill('SIGTERM');
    expect((await sidecar.exited).code).toBe(0);
    const ended = { name: 'never', status: 'cancelled', notes: 'cancelled because the server shut down' };
    expect(await calls()).toMatchObject([ended]);
  });

  it('the sidecar exits quietly when stdout is closed', async () => {
    const sidecar = await temp.sidecar([]);
    sidecar.child.stdout.destroy();
    sidecar.ask('tools/call', { name: 'hello' });
    expect(await sidecar.exited).toMatchObject({ code: 0, stderr: '' });
  });

  it('the sidecar keeps running when a function throws after its call', async () => {
    const sidecar = await temp.sidecar([]);
    expect(await sidecar.call('late')).toBe('early');
    await sidecar.until(
      () => sidecar.stderr.includes('thrown late') && sidecar.stderr.includes('rejected late'),
      'both reasons on stderr',
    );
    expect(await sidecar.call('hello')).toBe('Hello!');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    for (const line of sidecar.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: 50 });
  });

  it('timers of a function do not keep the sidecar running', async () => {
    const sidecar = await temp.sidecar([]);
    expect(await sidecar.call('busy')).toBe('busy');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
  });

  it('a function that exits the process loses no answered record, and its own call is marked interrupted', async () => {
    const first = await temp.sidecar([]);
    expect(await first.call('hello')).toBe('Hello!');
    first.ask('tools/call', { name: 'leave' });
    expect((await first.exited).code).toBe(7);
    const rows = await calls();
    expect(rows.map(({ name, status }) => `${name} ${status}`)).toEqual(['leave interrupted', 'hello completed']);
  });

  it('the next start after kill -9 marks open calls as interrupted', async () => {
    const first = await temp.sidecar([]);
    expect(await first.call('hello')).toBe('Hello!');
    first.ask('tools/call', { name: 'cleans' });
    // A function runs when the beginning of its call is recorded.
    await first.until(() => first.stderr.includes('running'), 'the start of the call');
    first.child.kill('SIGKILL');
    await first.exited;
    const second = await temp.sidecar([]);
    await second.call('hello');
    await second.until(() => second.stderr.includes('interrupted'), 'a log line about interrupted calls');
    second.child.stdin.end();
    await second.exited;
    expect((await calls('--name', 'cleans')).map(({ status }) => status)).toEqual(['interrupted']);
    expect((await calls('--name', 'hello')).map(({ status }) => status)).toEqual(['completed', 'completed']);
  });

  it('a call whose function kills the process is recorded as interrupted', async () => {
    const sidecar = await temp.sidecar([]);
    sidecar.ask('tools/call', { name: 'die' });
    expect(await sidecar.exited).toMatchObject({ signal: 'SIGKILL' });
    const next = await temp.sidecar([]);
    await next.call('hello');
    expect(await calls('--name', 'die')).toMatchObject([{ name: 'die', status: 'interrupted' }]);
    next.child.stdin.end();
    await next.exited;
  });

  it('calls are served, and the loss is logged, where the record cannot be written', async () => {
    await temp.write('taken', 'a file, not a folder');
    const sidecar = await temp.sidecar(['--data-dir', temp.at('taken', 'data')]);
    expect(await sidecar.call('hello')).toBe('Hello!');
    await sidecar.until(() => sidecar.stderr.includes('cannot be written'), 'a log line about the lost record');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.stderr).toContain('1 call record was lost');
  });

  it('the data folder and the database are private', async () => {
    const sidecar = await temp.sidecar([]);
    await sidecar.call('hello');
    sidecar.child.stdin.end();
    await sidecar.exited;
    const folder = temp.at('home', '.local', 'state', 'mcp-daemon');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(`${folder}/mcp-daemon.db`).mode & 0o777).toBe(0o600);
  });

  it('nothing is logged with --log-level silent', async () => {
    const quiet = await temp.sidecar(['--log-level', 'silent']);
    expect(await quiet.call('late')).toBe('early');
    // Its timer begins after those of "late", and runs after them.
    expect(await quiet.call('slow')).toBe('slow but done');
    quiet.child.stdin.end();
    await quiet.exited;
    expect(quiet.stderr).toBe('');
  });
});
