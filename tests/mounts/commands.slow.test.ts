/** The commands for mounted servers, as a user runs them. */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Result } from '../../packages/cli/test/support.js';
import { BIN, TempFolder, toolsConfig } from '../../packages/cli/test/support.js';
import type { Guarded } from '../../packages/mount/test/guarded-server.js';
import { followLogin, serveGuarded } from '../../packages/mount/test/guarded-server.js';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), 'fixtures');

/** A server without dependencies, whose tool is described by a file beside it. */
const SERVER = `import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const serverInfo = { name: 'small', version: '1.0.0' };
  if (method === 'initialize') send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  else if (method === 'tools/list') {
    const description = readFileSync(new URL('description.txt', import.meta.url), 'utf8');
    send({ id, result: { tools: [{ name: 'greet', description, inputSchema: { type: 'object' } }, { name: 'no schema' }] } });
  } else if (method === 'tools/call') send({ id, result: { content: [{ type: 'text', text: 'hello' }] } });
  else if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } });
});
`;

let temp: TempFolder;
beforeEach(() => {
  temp = new TempFolder();
});
afterEach(() => temp.remove());

/** A folder with a config that mounts the small server. */
async function small(more: object = {}): Promise<void> {
  await temp.write('small.mjs', SERVER);
  await temp.write('description.txt', 'Says hello');
  await temp.write('mcp.json', { mcpServers: { small: { command: process.execPath, args: ['small.mjs'], ...more } } });
}

describe('mounts list', () => {
  it('starts the servers, and lists how they are', async () => {
    await small();
    const { code, stdout, stderr } = await temp.run(['mounts', 'list']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^SERVER\s+STATE\s+NAME\s+PROTOCOL\s+FUNCTIONS/);
    expect(stdout).toMatch(/small\s+ready\s+small 1\.0\.0\s+2025-11-25\s+1/);
  });

  it('ends with 1, and says why, if a server cannot be used', async () => {
    await temp.write('mcp.json', { mcpServers: { gone: { command: 'no-such-program' } } });
    const { code, stdout } = await temp.run(['mounts', 'list', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'gone', state: 'down', failure: expect.stringContaining('there is no such program') as string },
    ]);
  });

  it('says what to do where no server is mounted', async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'own'));
    const { code, stderr } = await temp.run(['mounts']);
    expect(code).toBe(2);
    expect(stderr).toContain('mounts import FILE');
  });
});

describe('mounts check and approve', () => {
  it('show what has changed since it was approved, and approve it', async () => {
    await small({ pin: 'block' });
    const first = await temp.run(['mounts', 'check', 'small']);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('left out: tool "no schema"');

    await temp.write('description.txt', 'Says hello, and sends your files away');
    const changed = await temp.run(['mounts', 'check']);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toContain('sends your files away');
    expect((await temp.run(['mounts', 'list'])).stdout).toContain('1 change not approved');
    expect((await temp.run(['call', 'small_greet'])).code).not.toBe(0);

    const unasked = await temp.run(['mounts', 'approve', 'small']);
    expect(unasked.code).toBe(2);
    expect(unasked.stderr).toContain('add --yes');
    const approved = await temp.run(['mounts', 'approve', 'small', '--yes']);
    expect(approved.code).toBe(0);
    expect(approved.stderr).toContain('approved');
    expect(await temp.run(['call', 'small_greet'])).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect((await temp.run(['mounts', 'check'])).code).toBe(0);
  });

  it('refuse a name that is not mounted', async () => {
    await small();
    for (const command of ['check', 'approve', 'login', 'logout']) {
      const { code, stderr } = await temp.run(['mounts', command, 'other']);
      expect([command, code]).toEqual([command, 2]);
      expect(stderr).toContain('there is no server "other" in mcpServers: there are small');
    }
  });
});

describe('mounts login and logout', () => {
  let served: Guarded;
  beforeEach(async () => {
    served = await serveGuarded();
  });
  afterEach(() => served.close());

  const env = { MCP_STATE_SECRET: 'a secret of more than thirty-two characters' };

  it('log in by an address for a browser, and give the tokens back', async () => {
    await temp.write('mcp.json', { mcpServers: { web: { url: served.url, credentials: 'service' } } });
    const before = await temp.run(['mounts', 'list'], { env });
    expect(before.code).toBe(1);
    expect(before.stdout).toContain('needs a log-in');

    const child = temp.start(['mounts', 'login', 'web'], { env });
    let stderr = '';
    let isFollowed = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const [url] = /http:\/\/\S+\/authorize\?\S+(?=\n)/.exec(stderr) ?? [];
      if (url === undefined || isFollowed) return;
      isFollowed = true;
      void followLogin(url).then((back) => fetch(back));
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('logged in at "web"') as string });

    expect(await temp.run(['call', 'web_echo', 'text=hi'], { env })).toMatchObject({ code: 0, stdout: 'hi\n' });
    expect((await temp.run(['mounts', 'list'], { env })).code).toBe(0);
    const out = await temp.run(['mounts', 'logout', 'web'], { env });
    expect(out).toMatchObject({ code: 0, stderr: '1 log-in at "web" ended\n' });
    expect(served.revoked).toHaveLength(1);
    expect((await temp.run(['mounts', 'list'], { env })).stdout).toContain('needs a log-in');
  });

  it('wait for the browser on the port that the user names', async () => {
    await temp.write('mcp.json', { mcpServers: { web: { url: served.url, credentials: 'service' } } });
    const logIn = (port: string): Promise<Result> => temp.run(['mounts', 'login', 'web', '--callback-port', port], { env });
    expect(await logIn('http')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('from 1 to 65535, not "http"') as string,
    });
    const { port } = new URL(served.url);
    const used = await logIn(port);
    expect(used).toMatchObject({ code: 1, stderr: expect.stringContaining(`browser on port ${port}: `) as string });
    expect(used.stderr).toContain('EADDRINUSE');
  });

  it('refuse a server without log-ins, and a log-in that cannot be kept', async () => {
    await temp.write('mcp.json', {
      mcpServers: { web: { url: served.url }, own: { url: served.url, prefix: 'own_', credentials: 'per_user' } },
    });
    const { code, stderr } = await temp.run(['mounts', 'login', 'web'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('set "credentials" of "web" to "service" or "per_user" first');
    const unkept = await temp.run(['mounts', 'login', 'own']);
    expect(unkept.code).toBe(1);
    expect(unkept.stderr).toContain('MCP_STATE_SECRET');
    expect((await temp.run(['mounts', 'logout', 'own', '--user', 'ann', '--all'], { env })).code).toBe(2);
  });
});

describe('mounts import', () => {
  it('adds the servers of a host, with its spelling of variables, and writes nothing with --dry-run', async () => {
    await temp.write('.mcp.json', {
      mcpServers: { files: { command: 'npx', args: ['-y', 'files', '${ROOT:-.}'], env: { KEY: '${KEY}' } } },
    });
    const dry = await temp.run(['mounts', 'import', '.mcp.json', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(JSON.parse(dry.stdout)).toMatchObject({ mcpServers: { files: { command: 'npx', env: { KEY: '${env:KEY}' } } } });
    await expect(temp.read('mcp.json')).rejects.toThrow();
    const { code, stderr } = await temp.run(['mounts', 'import', '.mcp.json']);
    expect(code).toBe(0);
    expect(stderr).toContain('1 server added to mcp.json');
    expect(JSON.parse(await temp.read('mcp.json'))).toMatchObject({
      mcpServers: { files: { args: ['-y', 'files', '${ROOT:-.}'] } },
    });
    expect((await temp.run(['mounts', 'import', '.mcp.json'])).stderr).toContain('files: is in mcp.json already');
  });

  it.each([
    ['notes.mcpb', /^notes 1\.0\.0: not signed\n/],
    [
      'notes-signed.mcpb',
      /^notes 1\.0\.0: unchanged since "MCPB Self-Signed Certificate" signed it, with a certificate of its own, which anyone can make \(valid until 2\d{3}-\d\d-\d\d, SHA-256 [0-9A-F:]{95}\)\n/,
    ],
  ])('mounts the bundle %s, which runs with its options', async (name, signature) => {
    await mkdir(temp.at('bundles'), { recursive: true });
    await copyFile(join(FIXTURES, name), temp.at('bundles', name));
    const imported = await temp.run(['mounts', 'import', `bundles/${name}`]);
    expect(imported.code).toBe(0);
    expect(imported.stderr).toMatch(signature);
    expect(imported.stderr).toContain('notes: set the environment variable NOTES_API_KEY (API key)');
    const { mcpServers } = JSON.parse(await temp.read('mcp.json')) as { mcpServers: object };
    expect(mcpServers).toEqual({ notes: { bundle: `./bundles/${name}`, user_config: { api_key: '${env:NOTES_API_KEY}' } } });

    const unset = await temp.run(['mounts', 'list']);
    expect(unset.code).toBe(1);
    expect(unset.stdout).toContain('NOTES_API_KEY is not set');
    const { code, stdout } = await temp.run(['call', 'notes_started'], { env: { NOTES_API_KEY: 'k$$y-of-notes' } });
    expect(code).toBe(0);
    const started = JSON.parse(stdout) as Record<string, unknown>;
    expect(started).toMatchObject({
      key: 'k$$y-of-notes',
      limit: '10',
      label: null,
      args: ['--folders', join(temp.home, 'notes')],
    });
    expect(started['cwd']).toMatch(/mcpb\/notes\/[0-9a-f]{64}$/);
  });

  it('warns of a bundle that was changed after it was signed', async () => {
    const bytes = await readFile(join(FIXTURES, 'notes-signed.mcpb'));
    // The time of the first file, which nothing else depends on: in its own header, and in the list of the archive.
    for (const at of [10, bytes.indexOf('PK\u0001\u0002') + 12]) bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(temp.at('changed.mcpb'), bytes);
    const { code, stderr } = await temp.run(['mounts', 'import', 'changed.mcpb']);
    expect(code).toBe(0);
    expect(stderr).toContain('warning its signature is wrong: the archive was changed after it was signed');
  });

  it('asks for the options of a bundle on a terminal, but not for secrets', async () => {
    await copyFile(join(FIXTURES, 'notes.mcpb'), temp.at('notes.mcpb'));
    const words = [process.execPath, BIN, 'mounts', 'import', 'notes.mcpb'].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], {
      cwd: temp.path,
      env: temp.env(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let text = '';
    const answers: [string, string][] = [
      ['Folders', '/a, /b'],
      ['Label', 'mine'],
      ['Extra', ''],
      ['Limit', ''],
    ];
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const [next] = answers;
      // readline moves the cursor after its question.
      if (next === undefined || !new RegExp(`${next[0]} — [^\\n]*\\): `).test(text)) return;
      answers.shift();
      child.stdin.write(`${next[1]}\n`);
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(text).not.toContain('API key —');
    expect(text.indexOf('not signed')).toBeGreaterThan(-1);
    expect(text.indexOf('not signed')).toBeLessThan(text.indexOf('asks for:'));
    expect(JSON.parse(await temp.read('mcp.json'))).toEqual({
      mcpServers: {
        notes: { bundle: './notes.mcpb', user_config: { api_key: '${env:NOTES_API_KEY}', folders: ['/a', '/b'], label: 'mine' } },
      },
    });
  });

  it('refuses what is no bundle', async () => {
    await temp.write('broken.mcpb', 'no zip');
    const { code, stderr } = await temp.run(['mounts', 'import', 'broken.mcpb']);
    expect(code).toBe(2);
    expect(stderr).toContain('the bundle broken.mcpb is refused: is not a zip archive');
    expect((await temp.run(['mounts', 'import', 'none.mcpb'])).stderr).toContain('the bundle none.mcpb cannot be read');
    expect((await temp.run(['mounts', 'import', 'none.json'])).stderr).toContain('there is no file none.json');
  });
});
