/** One host over one transport, from the start of the host to the record of its call. */
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { KEY, SERVER } from './hosts.mjs';
import { CALL, configOf, MODULE } from './lab.mjs';
import { startModel } from './model.mjs';

/** Our command. */
export const CLI = join(import.meta.dirname, '../../packages/cli/dist/bin.js');
const PROMPT = 'Who is customer C-1234?';
const HOST_MS = 120_000;
const SERVE_MS = 20_000;
const TOKEN = 'made-up-token-of-the-server-0123456789';
const execute = promisify(execFile);

/** Runs our command. @returns what it prints */
async function daemon(args, env) {
  return (await execute(process.execPath, [CLI, ...args], { env: { ...base(), ...env }, maxBuffer: 100_000_000 })).stdout;
}

const base = () => ({ PATH: process.env.PATH, TMPDIR: tmpdir() });

/** Ends a process and what it has started, which are a process group. */
function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // all have ended by themselves
  }
}

/** Ends what a host has left behind in process groups of its own, which its home folder tells from others. Linux only. */
function killLeftBehind(home) {
  if (process.platform !== 'linux') return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is of another user.
    }
  }
}

/** Runs a host to its end, or ends it. @returns how it ended, and what it printed */
async function runHost(command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  let timer;
  const end = await new Promise((resolve) => {
    timer = setTimeout(() => resolve(`no end after ${HOST_MS / 1000} s`), HOST_MS);
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearTimeout(timer);
  if (child.pid !== undefined) killGroup(child);
  return { end, output };
}

/** Serves the config over HTTP, for a token. @returns its URL, and how to stop it */
async function serve(file, dataDir) {
  const args = ['--transport', 'http', '--port', '0', '--config', file, '--data-dir', dataDir];
  const env = { ...base(), HOME: dirname(file), ADMIN_STATIC_TOKEN: TOKEN };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(`${found}/mcp`);
    });
    ended.then(() => reject(new Error(`our server ended: ${log}`)));
    setTimeout(() => reject(new Error(`our server did not start in ${SERVE_MS / 1000} s: ${log}`)), SERVE_MS).unref();
  });
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Writes the server into the config file of the host, as a user does. */
async function installServer(host, { home, file, dataDir, server }) {
  const overHttp = ['--url', server.url, '--header', `Authorization: Bearer ${server.token}`];
  const overStdio = ['--config', file, '--data-dir', dataDir];
  const how = server.url === undefined ? overStdio : overHttp;
  await daemon(['install', host.install, '--name', SERVER, '--yes', ...how], { HOME: home });
}

/** The names of tools for the model of a host, as our command lists them: `{ name, shown }`. */
async function shownNames(host, file, home) {
  const args = ['list', '--as', host.install, '--json', '--config', file];
  return JSON.parse(await daemon(args, { HOME: home }));
}

/**
 * Lets a host call one tool of our server.
 *
 * @param host one of hosts.mjs
 * @param options `transport`: "stdio" or "http"; `at`: where the host is installed; `node`: the folder of its Node; `twins`: whether
 *   the server has tools whose names some hosts confuse
 * @returns `{ end, output, seen, calls, names }`: how the host ended, what it printed, what the stand-in saw, the record of calls, and
 *   the names of tools that `mcp-daemon list --as` gives; undefined where it does not know the host
 */
export async function trial(host, { transport, at, node, twins }) {
  const folder = mkdtempSync(join(tmpdir(), 'real-hosts-'));
  const [home, work, lab] = ['home', 'work', 'lab'].map((name) => join(folder, name));
  for (const path of [home, work, lab]) mkdirSync(path);
  const file = join(lab, 'mcp.json');
  const dataDir = join(lab, 'data');
  writeFileSync(file, JSON.stringify(configOf(twins), undefined, 2));
  writeFileSync(join(lab, 'lab.mjs'), MODULE);

  const isCalled = ({ name }) => name.endsWith(CALL.name);
  const model = await startModel({ isCalled, args: { ...CALL.arguments, ...host.adds }, style: host.style });
  const served = transport === 'http' ? await serve(file, dataDir) : undefined;
  try {
    const server =
      served === undefined
        ? { command: process.execPath, args: [CLI, '--transport', 'stdio', '--config', file, '--data-dir', dataDir] }
        : { url: served.url, token: TOKEN };
    const run = { home, model: model.url, prompt: PROMPT, server };
    for (const [path, text] of Object.entries(host.files?.(run) ?? {})) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text);
    }
    if (host.install !== undefined) await installServer(host, { home, file, dataDir, server });
    // Otherwise some hosts look for settings in all folders above.
    await execute('git', ['init', '-q'], { cwd: work });
    const env = {
      PATH: `${node}:${process.env.PATH}`,
      HOME: home,
      TERM: 'dumb',
      CI: 'true',
      NO_COLOR: '1',
      // What is not on loopback goes to the stand-in, which refuses and reports it.
      ...Object.fromEntries(
        ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) => [name, name.toLowerCase()].map((key) => [key, model.url])),
      ),
      NO_PROXY: '127.0.0.1,localhost',
      no_proxy: '127.0.0.1,localhost',
      ...host.env(run),
    };
    let command = join(at, 'node_modules/.bin', host.bin ?? '');
    const args = host.args(run);
    if (host.script !== undefined) {
      // Beside its packages, so that Node finds them.
      const script = join(at, host.script);
      copyFileSync(join(import.meta.dirname, 'libraries', host.script), script);
      command = join(node, 'node');
      args.unshift(script);
    }
    const { end, output } = await runHost(command, args, { cwd: work, env });
    const names = host.install === undefined ? undefined : await shownNames(host, file, home);
    const calls = JSON.parse(await daemon(['calls', 'list', '--json', '--data-dir', dataDir], { HOME: home }));
    return { end, output: output.replaceAll(KEY, '…'), seen: model.seen, calls, names };
  } finally {
    await served?.stop();
    model.close();
    killLeftBehind(home);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
