/**
 * Calls a function in this process (one that returns at once, or in the next turn of the event loop), in a child process through the runner, or in one through frames of bytes that nobody reads, and
 * prints as JSON what a call costs this process.
 *
 *     node runner.mjs none|later|process|frames|ipc BYTES CALLS     { cpu: µs of CPU per call }
 *     node runner.mjs first                                    { bare, first, spare: ms }
 *     node runner.mjs idle CHILDREN                            { resident, shared out, private: MB of one idle child }
 */
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { measure } from './measure.mjs';

const built = (name) => import(new URL(`../../packages/${name}/dist/index.js`, import.meta.url));
const { createDaemon, createFixedSource, normalizeConfig } = await built('core');
const { localModules } = await built('modules');
const { createProcessRunner } = await built('runner');

const [mode, size = '100', count = '20000'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'mcp-daemon-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const CODE = `
export const echo = (input) => input.text;
export const later = async (input) => { await new Promise((resolve) => setImmediate(resolve)); return input.text; };
`;
writeFileSync(join(folder, 'echo.mjs'), CODE);
writeFileSync(join(folder, 'bare.cjs'), 'process.stdout.write("up");\n');

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: console.error, error: console.error };
const modules = localModules({ base: folder, logger });
const openRunner = (settings) =>
  createProcessRunner({ locators: [modules.code], env: { PATH: process.env.PATH }, logger, settings });

/** Calls through a daemon that records nothing. */
async function throughDaemon(isolation) {
  const text = 'x'.repeat(Math.max(0, Number(size) - 12)); // with {"text":""}
  const { definition } = normalizeConfig({
    tools: [{ name: 'echo', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }],
    module_links: [
      {
        type: 'tool',
        name: 'echo',
        module_name: 'echo',
        function_name: mode === 'later' ? 'later' : 'echo',
        isolation,
        record: 'none',
      },
    ],
  });
  const runner = openRunner({});
  const runners = isolation === 'process' ? [runner] : [];
  const daemon = createDaemon({ catalogs: createFixedSource('default', definition), modules: [modules], runners });
  const answers = [];
  const session = daemon.open({ send: (message) => answers.push(message) });
  await session.receive({
    jsonrpc: '2.0',
    id: 'i',
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  });
  const cpu = await measure(async (id) => {
    const message = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { text } } };
    const answer = await session.receive(message);
    if (answer.result?.content?.[0]?.text !== text) throw new Error(`wrong answer: ${JSON.stringify(answer).slice(0, 300)}`);
  }, Number(count));
  await daemon.close({ drainMs: 1 });
  await runner.close();
  return { cpu };
}

/** Frames by hand, written together in each turn of the event loop; the bytes are only counted. */
async function throughFrames() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('runner-echo.mjs', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const socket = child.stdio[3];
  const waiting = new Map();
  let out = [];
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 8) {
      const end = at + 8 + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const id = bytes.readUInt32LE(at + 4);
      waiting.get(id)(bytes.subarray(at + 8, end));
      waiting.delete(id);
      at = end;
    }
    rest = bytes.subarray(at);
  });
  const body = Buffer.alloc(Number(size), 120);
  const cpu = await measure((id) => {
    const head = Buffer.allocUnsafe(8);
    head.writeUInt32LE(body.length);
    head.writeUInt32LE(id, 4);
    if (out.push(head, body) === 2) {
      setImmediate(() => {
        socket.write(Buffer.concat(out));
        out = [];
      });
    }
    return new Promise((resolve) => waiting.set(id, resolve));
  }, Number(count));
  child.kill();
  return { cpu };
}

/** JSON over Node's own IPC, as `fork` has it. */
async function throughIpc() {
  const child = fork(fileURLToPath(new URL('runner-echo.mjs', import.meta.url)), ['ipc']);
  const waiting = new Map();
  child.on('message', ({ id, text }) => {
    waiting.get(id)(text);
    waiting.delete(id);
  });
  const text = 'x'.repeat(Math.max(0, Number(size) - 20));
  const cpu = await measure((id) => {
    child.send({ id, text });
    return new Promise((resolve) => waiting.set(id, resolve));
  }, Number(count));
  child.kill();
  return { cpu };
}

/** What one idle child takes, with this many of them: resident, its share of what is shared, and its own. */
async function idle(children) {
  const runner = openRunner({});
  const link = { kind: 'link', package_name: 'echo', module_name: 'echo', function_name: 'echo', setting: {} };
  for (let partition = 0; partition < children; partition += 1) await runner.resolve(link, `p${partition}`);
  await sleep(1_000);
  const { children: pids } = runner.pids();
  const sum = (name) =>
    pids.reduce((all, pid) => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      const lines = text.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, 'gm'));
      return [...lines].reduce((found, [, kilobytes]) => found + Number(kilobytes), all);
    }, 0) /
    1024 /
    pids.length;
  const measured = { children: pids.length, resident: sum('Rss'), proportional: sum('Pss'), own: sum('Private_(?:Clean|Dirty)') };
  await runner.close();
  return measured;
}

const since = (start) => performance.now() - start;

async function firstCalls() {
  let start = performance.now();
  const child = spawn(process.execPath, [join(folder, 'bare.cjs')]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const bare = since(start);
  await new Promise((resolve) => child.once('exit', resolve));

  const link = { kind: 'link', package_name: 'echo', module_name: 'echo', function_name: 'echo', setting: {} };
  const context = { callId: 'c', subject: 's', inputs: {}, signal: new AbortController().signal, progress: silent, log: silent };
  const call = async (runner, partition) => {
    const found = await runner.resolve(link, partition);
    await found.call({ text: 'x' }, { ...context, partition });
  };
  // The launcher runs from the server's start on.
  const cold = openRunner({ spare: false });
  cold.prepare();
  await call(cold, 'warm-up');
  start = performance.now();
  await call(cold, 'first');
  const first = since(start);
  await cold.close();

  const ready = openRunner({});
  await ready.resolve(link, 'loaded'); // as --process-preload does
  start = performance.now();
  await call(ready, 'loaded');
  const spare = since(start);
  await ready.close();
  return { bare, first, spare };
}

const MEASUREMENTS = {
  first: firstCalls,
  idle: () => idle(Number(size)),
  frames: throughFrames,
  ipc: throughIpc,
  process: () => throughDaemon('process'),
  none: () => throughDaemon('none'),
  later: () => throughDaemon('none'),
};
const result = await MEASUREMENTS[mode]();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
