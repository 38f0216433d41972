import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { tempFolder } from '../../../tests/temp-folder.js';
import { until } from '../../../tests/until.js';
import { closeBenches, fake, openBench, textOf } from './support.js';

afterEach(closeBenches);

/** Whether a process with this id runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const messages = ({ log }: { log: { message: string }[] }): string => log.map(({ message }) => message).join('\n');

describe('a mounted command', () => {
  it('is started when a catalog is needed, and ended with the daemon', async () => {
    const bench = openBench({ mcpServers: { fake: fake() } });
    expect(bench.mounts.status()).toEqual([]);
    const client = await bench.client();
    const env = JSON.parse(textOf(await client.callTool({ name: 'fake_env', arguments: {} }))) as Record<string, string>;
    expect(bench.daemon.stats().servers).toMatchObject([
      { name: 'fake', state: 'ready', server: { name: 'fake', version: '1' }, protocol: '2025-11-25', starts: 1 },
    ]);
    expect(Object.keys(env)).not.toContain('HOME'); // what we did not give it
    await bench.close();
    expect(bench.mounts.status()[0]?.state).not.toBe('ready');
  });

  it('may end while its lists are read again: that is no error', async () => {
    const bench = openBench({ mcpServers: { fake: fake('forgetful') } });
    const client = await bench.client();
    await client.callTool({ name: 'fake_changes', arguments: {} });
    await bench.close();
    expect(bench.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('gets its variables and its folder, and no others; secrets are masked in the log', async () => {
    const entry = { ...fake('stderr=token'), env: { TOKEN: '${FROM_ENV}', OTHER: '${MISSING:-else}' }, cwd: '..' };
    const bench = openBench({ mcpServers: { fake: entry } });
    const client = await bench.client();
    const env = JSON.parse(textOf(await client.callTool({ name: 'fake_env', arguments: {} }))) as Record<string, string>;
    expect(env).toMatchObject({ TOKEN: 'a secret value', OTHER: 'else', cwd: join(import.meta.dirname, '..') });
    expect(bench.log.find(({ fields }) => 'stderr' in fields)?.fields).toMatchObject({ stderr: 'token ***' });
    await bench.close();
  });

  it('says which variable is missing', async () => {
    const bench = openBench({ mcpServers: { fake: { ...fake(), env: { TOKEN: '${MISSING}' } } } });
    await (await bench.client()).close();
    expect(bench.mounts.status()[0]?.failure).toBe(
      'the server "fake" cannot be used: the environment variable MISSING is not set',
    );
    await bench.close();
  });

  it('that does not exist is reported, and the rest is served', async () => {
    const bench = openBench({ mcpServers: { fake: fake(), gone: { command: 'no-such-program-here' } } });
    const client = await bench.client();
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    expect(bench.mounts.status().find(({ name }) => name === 'gone')?.failure).toBe(
      'the server "gone" cannot be started: there is no such program: check "command", and "cwd" if there is one',
    );
    await bench.close();
  });

  it('that ends in the middle of a call fails that call at once, and is started again', async () => {
    const bench = openBench({ mcpServers: { fake: fake() } });
    const client = await bench.client();
    const result = await client.callTool({ name: 'fake_dies', arguments: {} });
    expect(result).toMatchObject({ isError: true });
    expect(textOf(result)).toBe('the server "fake" has ended with exit code 3');
    await until(() => bench.mounts.status()[0]?.starts === 2 && bench.mounts.status()[0]?.state === 'ready', 'the restart');
    expect(textOf(await client.callTool({ name: 'fake_echo', arguments: { text: 'again' } }))).toBe('again');
    await bench.close();
  });

  it('that ends again and again is started after longer waits, and its calls fail at once', async () => {
    const bench = openBench({ mcpServers: { fake: fake('exits=7') } });
    const client = await bench.client();
    await until(() => (bench.mounts.status()[0]?.starts ?? 0) >= 3, 'three starts');
    expect(bench.mounts.status()[0]?.failure).toContain('has ended with exit code 7');
    expect((await client.listTools()).tools).toEqual([]);
    await bench.close();
  });

  it.each(['keep', 'hide'] as const)('that stays down has its tools marked, or hidden (%s)', async (down) => {
    const folder = tempFolder();
    const bench = openBench({ mcpServers: { fake: { ...fake(`once=${join(folder, 'started')}`), down } } });
    const client = await bench.client();
    const named = async (): Promise<{ _meta?: object | undefined } | undefined> =>
      (await client.listTools()).tools.find(({ name }) => name === 'fake_echo');
    const before = await named();
    expect(before).toBeDefined();
    expect(before?._meta).not.toHaveProperty('io.mcp-daemon/unavailable');
    await client.callTool({ name: 'fake_dies', arguments: {} });
    await until(() => (bench.mounts.status()[0]?.starts ?? 0) >= 2, 'the next start');
    const after = await named();
    if (down === 'hide') expect(after).toBeUndefined();
    else expect(after?._meta).toMatchObject({ 'io.mcp-daemon/unavailable': true });
    await bench.close();
  });

  it('that hangs at shutdown is killed', async () => {
    const bench = openBench({ mcpServers: { fake: fake('stays') } }, { mounts: { graceMs: 100 } });
    const client = await bench.client();
    await client.listTools();
    const start = performance.now();
    await bench.close();
    expect(performance.now() - start).toBeLessThan(5_000); // 100 ms, and some for the machine; without the kill it would never end
  });

  it('ends when its daemon is killed', async () => {
    const script = `
      const { createMounts } = await import(${JSON.stringify(join(import.meta.dirname, '../dist/index.js'))});
      const core = await import(${JSON.stringify(join(import.meta.dirname, '../../core/dist/index.js'))});
      const { definition } = core.normalizeConfig({ mcpServers: { fake: ${JSON.stringify(fake())} } });
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const mounts = createMounts({ partition: 'default', client: { name: 'x', version: '1' }, sourceOf: () => undefined,
        resourceUpdated() {}, state: async () => core.createMemoryState(), texts: { fill: async (value) => value, env: {} }, env: {}, base: '.', logger });
      await mounts.source(core.createFixedSource('default', definition)).load('default');
      const { spawnSync } = await import('node:child_process');
      console.log(spawnSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)]).stdout.toString().trim().split(/\\s+/)[0]);
    `;
    const daemon = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(runs(pid)).toBe(true);
    daemon.kill('SIGKILL');
    await until(() => !runs(pid), 'the end of the child');
  });

  it('that is not in the config any more is ended', async () => {
    const bench = openBench({ mcpServers: { fake: fake(), other: fake() } });
    const client = await bench.client();
    await client.listTools();
    bench.update({ mcpServers: { fake: fake() } });
    await until(() => bench.mounts.status().length === 1, 'the end of the other');
    expect((await client.listTools()).tools.some(({ name }) => name.startsWith('other_'))).toBe(false);
    await bench.close();
  });
});

describe('a server that misbehaves', () => {
  it('may print what is no message', async () => {
    const bench = openBench({ mcpServers: { fake: fake('prints') } });
    const client = await bench.client();
    expect(textOf(await client.callTool({ name: 'fake_garbage', arguments: {} }))).toBe('after the garbage');
    const lines = bench.log.flatMap(({ fields }) => (typeof fields['line'] === 'string' ? [fields['line']] : []));
    expect(lines).toEqual(
      expect.arrayContaining(['Welcome to the server!', 'listening {not json', '<html>no JSON</html>', '"a text"']),
    );
    await bench.close();
  });

  it('may answer twice: the second answer is left out', async () => {
    const bench = openBench({ mcpServers: { fake: fake() } });
    const client = await bench.client();
    expect(textOf(await client.callTool({ name: 'fake_twice', arguments: {} }))).toBe('first');
    expect(textOf(await client.callTool({ name: 'fake_echo', arguments: { text: 'next' } }))).toBe('next');
    await bench.close();
  });

  it('and never answers is given up at the time limit of its config', async () => {
    const bench = openBench({ mcpServers: { fake: { ...fake(), timeout_ms: 100 } } });
    const client = await bench.client();
    const result = await client.callTool({ name: 'fake_silent', arguments: {} });
    expect(textOf(result)).toBe('"fake_silent" did not finish within 100 ms.');
    await bench.close();
  });

  it('and never says hello is given up, and does not hold up the catalog', async () => {
    const mcpServers = { mute: fake('mute'), fake: fake() };
    const bench = openBench({ mcpServers }, { mounts: { startMs: 60_000, waitMs: 50 } });
    const client = await bench.client();
    await until(async () => (await client.listTools()).tools.length > 5, 'the tools of the other server');
    await bench.close(); // this does not wait for the hello either
    expect(bench.log.filter(({ message }) => message.includes('cannot be used'))).toEqual([]);
    const alone = openBench({ mcpServers: { mute: fake('mute') } }, { mounts: { startMs: 400, waitMs: 60_000 } });
    await (await alone.client()).listTools();
    expect(messages(alone)).toContain('the server "mute" cannot be used: did not answer within 0.4 s');
    await alone.close();
  });

  it('and is slow to start is added later', async () => {
    const bench = openBench({ mcpServers: { fake: fake() } }, { mounts: { waitMs: 1 } });
    const client = await bench.client();
    const told: number[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void told.push(1));
    await until(() => bench.mounts.status()[0]?.state === 'ready', 'the start');
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    await bench.close();
  });

  it('may refuse the protocol, or speak an unknown version', async () => {
    const bench = openBench({
      mcpServers: {
        no: fake('refuse'),
        odd: fake('version=1999-01-01'),
        pinned: { ...fake('version=2025-06-18'), protocol: '2025-03-26' },
      },
    });
    await (await bench.client()).listTools();
    const failures = Object.fromEntries(bench.mounts.status().map(({ name, failure }) => [name, failure]));
    expect(failures['no']).toContain('it refuses to begin a session: Unsupported protocol version');
    expect(failures['odd']).toContain('it speaks protocol version 1999-01-01');
    expect(failures['pinned']).toContain('it speaks protocol version 2025-06-18, and 2025-03-26 is wanted');
    await bench.close();
  });

  it('may list 10,000 tools', async () => {
    const bench = openBench({ mcpServers: { fake: fake('many=10000') } });
    await (await bench.client()).listTools();
    expect(bench.mounts.status()[0]?.functions).toBeGreaterThan(10_000);
    await bench.close();
  });

  it('may list without end', async () => {
    const bench = openBench({ mcpServers: { fake: fake('endless') } });
    await (await bench.client()).listTools();
    expect(bench.mounts.status()[0]?.failure).toContain('tools/list does not end: a cursor came twice');
    await bench.close();
  });

  it('may have names that are none', async () => {
    const bench = openBench({ mcpServers: { fake: fake('badnames') } });
    const { tools } = await (await bench.client()).listTools();
    expect(tools.map(({ name }) => name)).toContain('fake_echo');
    expect(bench.mounts.status()[0]?.leftOut).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'tool', why: 'its name is empty' }),
        expect.objectContaining({ kind: 'tool', why: 'its name is no text' }),
        expect.objectContaining({ kind: 'tool', why: 'its name has more than 128 characters' }),
        expect.objectContaining({ kind: 'tool', name: 'noschema', why: 'its inputSchema is no object' }),
      ]),
    );
    await bench.close();
  });

  it('is not started in itself', async () => {
    const first = openBench({ mcpServers: { fake: fake() } });
    const client = await first.client();
    const env = JSON.parse(textOf(await client.callTool({ name: 'fake_env', arguments: {} }))) as Record<string, string>;
    const chain = (env['MCP_DAEMON_MOUNTED_AS'] ?? '').split(',');
    const inner = openBench({ mcpServers: { fake: fake() } }, { mounts: { chain } });
    await (await inner.client()).close();
    expect(inner.mounts.status()[0]?.failure).toContain('is started by itself: its config mounts it again');
  });

  it('is refused if it is this daemon itself', async () => {
    const bench = openBench({ mcpServers: { self: fake('instances=abc') } }, { mounts: { instances: ['abc'] } });
    await (await bench.client()).listTools();
    expect(bench.mounts.status()[0]?.failure).toContain('is this server itself, or mounts it');
    await bench.close();
  });
});

describe('names', () => {
  it('of two servers are told apart by prefix, and without one by the name of the server', async () => {
    const bench = openBench({ mcpServers: { one: { ...fake(), prefix: '' }, two: { ...fake(), prefix: '' } } });
    const { tools } = await (await bench.client()).listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['echo', 'two_echo']));
    expect(messages(bench)).toContain('"echo" of the server "two" has the name of another function, and is served as "two_echo"');
    await bench.close();
  });

  it('that hosts take for one, or cut, are warned of', async () => {
    const bench = openBench({
      tools: [{ name: 'fake.echo', inputSchema: { type: 'object' } }],
      module_links: [{ name: 'fake.echo', module_name: 'other', function_name: 'echo' }],
      modules: [{ module_name: 'other', source: 'mcp', setting: { ...fake() } }],
      mcpServers: { fake: fake(), long: { ...fake(), prefix: 'a_prefix_that_is_much_too_long_for_hosts_' } },
    });
    await (await bench.client()).listTools();
    expect(messages(bench)).toContain(
      'tools of the server "fake": "fake_echo" and "fake.echo" of the catalog are the same name in some hosts, which show only one of them: change its "prefix", or "deny" tools',
    );
    expect(messages(bench)).toMatch(/^tools of the server "long": "a_prefix_.*echo" has 45 characters.*; and 13 more \(/m);
    await bench.close();
  });

  it('can be allowed and denied', async () => {
    const bench = openBench({ mcpServers: { fake: { ...fake(), allow: ['echo', 's*', 'note'], deny: ['*o*ts'] } } });
    const { tools } = await (await bench.client()).listTools();
    expect(tools.map(({ name }) => name)).toEqual(['fake_echo', 'fake_slow', 'fake_silent', 'fake_samples']);
    await bench.close();
  });

  it('of a module with source "mcp" can be given one by one', async () => {
    const bench = openBench({
      tools: [{ name: 'say', inputSchema: { type: 'object' } }],
      module_links: [{ name: 'say', module_name: 'fake', function_name: 'echo', record: 'none' }],
      modules: [{ module_name: 'fake', source: 'mcp', setting: { ...fake() } }],
    });
    const client = await bench.client();
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['say']);
    expect(textOf(await client.callTool({ name: 'say', arguments: { text: 'hi' } }))).toBe('hi');
    await bench.close();
  });
});

describe('the policies of the config', () => {
  it('apply to the functions of a server as to own ones: scopes, approval, quotas, records', async () => {
    const entry = { ...fake(), scopes: ['files'], approve: 'always' as const, quota: { per_minute: 5 }, record: 'none' as const };
    const bench = openBench({ mcpServers: { fake: entry } });
    const definition = await bench.mounts.source(bench.source).load('default');
    expect(definition?.functions.find(({ name }) => name === 'fake_echo')).toMatchObject({
      scopes: ['files'],
      approve: 'always',
      quota: { per_minute: 5 },
      record: { bodies: 'none' },
    });
  });
});
