/** Starts the server as the image and the manifests do, on loopback: config from a ConfigMap's folder, settings in variables. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { check, freePort, root } from './lib.mjs';

const command = join(root, 'packages/cli/dist/bin.js');
const PATIENCE_MS = 30_000;
const EDIT_MS = 60_000;

/** Makes a folder as the kubelet does: each file is a link through `..data`, and an update switches that one link. */
async function configMap(folder, files, revision) {
  await mkdir(join(folder, `..${revision}`), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, `..${revision}`, name);
    await writeFile(file, text);
    await chmod(file, 0o444);
  }
  await symlink(`..${revision}`, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  if (revision > 1) return;
  for (const name of Object.keys(files)) await symlink(join('..data', name), join(folder, name));
}

/** Runs node with only these variables. `said` is all its output. */
function start(args, env) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (child.said += text));
  child.ended = once(child, 'exit');
  return child;
}

async function exitCode(child) {
  const late = sleep(PATIENCE_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
  const [code, signal] = await Promise.race([child.ended, late.then(() => child.ended)]);
  return signal ?? code;
}

/** Tries again until it succeeds or `ms` have passed. */
async function eventually(work, ms) {
  for (const end = Date.now() + ms; ; await sleep(100)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Starts and stops the server, and reports each step as a check. */
export async function deployed({ temporary, environment, given, secrets, files, health }) {
  const folder = join(temporary, 'config');
  await mkdir(folder);
  await mkdir(join(temporary, 'data'), { mode: 0o700 });
  await configMap(folder, files, 1);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const here = (text) => text.replace(/^\/(config|data)/, join(temporary, '$1'));
  const image = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(value)]));
  const base = { PATH: process.env.PATH, ...image, ...given, PORT: String(port) };

  await check('it does not start with the secrets of the example', async () => {
    const child = start([command], { ...base, ...secrets });
    assert.notEqual(await exitCode(child), 0);
    assert.match(child.said, /JWT_SECRET_KEY/);
    assert.doesNotMatch(child.said, /\n\s+at /);
  });

  const filled = Object.fromEntries(Object.keys(secrets).map((name) => [name, `${name} of a check, which is long enough`]));
  const env = { ...base, ...filled, HOST: '127.0.0.1' };
  const child = start([command], env);
  const passed = async (path) => assert.equal((await fetch(url + path)).status, 200, path);
  const post = async (path, body, headers = {}) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, json: await answer.json() };
  };
  async function hello(token) {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    const params = { name: 'hello', arguments: { name: 'pod' }, _meta };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hello' };
    const auth = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { ...headers, ...auth });
  }

  try {
    const started = await check('the daemon starts as the manifests start it, and its probes pass', () =>
      eventually(async () => {
        if (child.exitCode !== null) throw new Error(`it has ended: ${child.said}`);
        await passed('/health');
        await passed('/ready');
      }, PATIENCE_MS),
    );
    if (!started) return;
    await check("the image's HEALTHCHECK passes", async () => {
      const [, ...args] = JSON.parse(health.slice(health.indexOf('[')));
      assert.equal(await exitCode(start(args, env)), 0);
      assert.equal(await exitCode(start(args, { ...env, PORT: String(await freePort()) })), 1, 'and fails if nothing listens');
    });
    let token;
    await check('the admin logs in and calls the tool; without a token it is refused', async () => {
      assert.equal((await hello()).status, 401);
      const login = await post('/auth/login', { username: 'admin', password: filled.ADMIN_PASSWORD });
      token = login.json.access_token;
      const { json } = await hello(token);
      assert.equal(json.result?.content?.[0]?.text, 'Hello, POD!');
    });
    await check('an edited ConfigMap is served without a restart', async () => {
      const edited = { ...files, 'greetings.mjs': files['greetings.mjs'].replace('Hello', 'Good day') };
      await configMap(folder, edited, 2);
      await eventually(async () => {
        const { json } = await hello(token);
        assert.equal(json.result?.content?.[0]?.text, 'Good day, POD!');
      }, EDIT_MS);
    });
    await check('SIGTERM ends it, with exit code 0', async () => {
      child.kill('SIGTERM');
      assert.equal(await exitCode(child), 0, child.said);
    });
  } finally {
    child.kill('SIGKILL');
    await child.ended;
  }
}
