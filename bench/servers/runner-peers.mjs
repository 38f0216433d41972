/**
 * Calls a tool of the floor through a gateway that runs it in a process of its own, and prints as JSON what a call costs the gateway.
 *
 *     node runner-peers.mjs supergateway|mcp-proxy PATH_OF_ITS_PROGRAM CALLS          { cpu: µs of CPU per call }
 *
 * On Linux it runs in a network of its own, because supergateway listens on all addresses, and mcp-proxy on all by default.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { INITIALIZE } from '../lib/messages.mjs';
import { tree } from '../lib/proc.mjs';

const [peer, program, count = '2000'] = process.argv.slice(2);
const WINDOW = 64;
const WARM = 300;
const PORT = 8080;
const START_MS = 20_000;
const floor = fileURLToPath(new URL('floor.mjs', import.meta.url));
const URL_OF = { supergateway: `http://127.0.0.1:${PORT}/mcp`, 'mcp-proxy': `http://127.0.0.1:${PORT}/mcp` };
const ARGUMENTS = {
  supergateway: [
    '--port',
    PORT,
    '--outputTransport',
    'streamableHttp',
    '--stateful',
    '--logLevel',
    'none',
    '--stdio',
    `node ${floor} 2`,
  ],
  'mcp-proxy': ['--port', PORT, '--host', '127.0.0.1', '--', 'node', floor, '2'],
};

if (process.env.BENCH_OWN_NETWORK === undefined) {
  const again = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const inner = 'ip link set lo up && exec "$@"';
  const env = { ...process.env, BENCH_OWN_NETWORK: '1' };
  process.stdout.write(
    execFileSync('unshare', ['-rn', 'sh', '-c', inner, 'sh', ...again], { env, stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  process.exit(0);
}

/** µs of CPU of one process so far. */
function cpuOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) * 10_000;
}

const gateway = spawn(process.execPath, [program, ...ARGUMENTS[peer].map(String)], { stdio: 'ignore' });
const url = URL_OF[peer];
let session;

async function post(message) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(session === undefined ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': INITIALIZE.protocolVersion }),
  };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
  session ??= answer.headers.get('mcp-session-id') ?? undefined;
  return answer.text();
}

async function call(id) {
  const text = await post({ id, method: 'tools/call', params: { name: 'add_numbers', arguments: { a: id, b: 1 } } });
  if (!text.includes(`"text":"${id + 1}"`)) throw new Error(`wrong answer: ${text.slice(0, 300)}`);
}

try {
  for (const until = Date.now() + START_MS; ;) {
    try {
      await post({ id: 0, method: 'initialize', params: INITIALIZE });
      break;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
  await post({ method: 'notifications/initialized' });
  let next = 0;
  const worker = async (end) => {
    while (next < end) await call(++next);
  };
  const all = (end) => Promise.all(Array.from({ length: WINDOW }, () => worker(end)));
  await all(WARM);
  const before = cpuOf(gateway.pid);
  await all(WARM + Number(count));
  const cpu = (cpuOf(gateway.pid) - before) / Number(count);
  process.stdout.write(JSON.stringify({ cpu }));
} finally {
  for (const pid of tree(gateway.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with the gateway.
    }
  }
}
