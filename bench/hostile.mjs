/**
 * `node bench/hostile.mjs`: one user sends the worst that there is while another calls a simple tool every few milliseconds.
 * Prints how long the other user waits. Fails where a call waits longer than `--max` milliseconds (default 100).
 *
 * The columns: the other user's calls (median, p99, longest, in ms); the longest delay of the server's event loop; the most CPU
 * time of its main thread and of all its threads between two of its ticks, which other processes on the machine do not change much;
 * and what the attacker was answered.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { ATTACKS } from './hostile/attacks.mjs';
import { table } from './lib/markdown.mjs';

const text = { type: 'string' };
const { values } = parseArgs({
  options: { seconds: text, only: text, max: text, 'rate-limit': text, json: { type: 'boolean' } },
});
const seconds = Number(values.seconds ?? 4);
const max = Number(values.max ?? 100);
/** Ten times the default, so that the attacker may do more at once, and the other user's calls fit into it. */
const rateLimit = Number(values['rate-limit'] ?? 60_000);
const chosen = Object.keys(ATTACKS).filter((name) => values.only === undefined || name.includes(values.only));
if (!(seconds > 0 && max > 0 && rateLimit >= 0 && chosen.length > 0))
  throw new Error('usage: node bench/hostile.mjs [--seconds 4] [--only TEXT] [--max 100] [--rate-limit 60000] [--json]');

const EVERY_MS = 5;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const ask = async (child, message) => {
  child.send(message);
  const [answer] = await once(child, 'message');
  return answer;
};

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
const body = JSON.stringify({
  ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
  params: {
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
    ...{ name: 'hello', arguments: { name: 'ann' } },
  },
});
const headers = {
  ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'x-user': 'ann' },
  ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hello' },
  'content-length': Buffer.byteLength(body),
};

/** One call of the other user. @returns its milliseconds */
function call(port) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const req = request({ agent, host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers }, (res) => {
      let answer = '';
      res.setEncoding('utf8').on('data', (chunk) => (answer += chunk));
      res.on('end', () => {
        if (answer.includes('Hello, ann!')) resolve(performance.now() - began);
        else reject(new Error(`the other user was answered ${res.statusCode} ${answer.slice(0, 200)}`));
      });
    });
    req.on('error', reject).end(body);
  });
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

async function measure(name) {
  const server = fork(path('./hostile/server.mjs'), [String(rateLimit), String(ATTACKS[name].records ?? 0)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const attacker = fork(path('./hostile/attacks.mjs'));
  try {
    const [{ port }] = await once(server, 'message');
    for (let warm = 0; warm < 300; warm += 1) await call(port);
    await ask(server, 'begin');
    await ask(attacker, { begin: name, port });
    const times = [];
    const until = performance.now() + seconds * 1_000;
    let reloaded = performance.now();
    while (performance.now() < until) {
      times.push(await call(port));
      if (ATTACKS[name].reloads && performance.now() - reloaded > 500) {
        server.send('reload');
        reloaded = performance.now();
      }
      await sleep(EVERY_MS);
    }
    const { statuses } = await ask(attacker, {});
    const loop = await ask(server, 'end');
    times.sort((a, b) => a - b);
    return {
      name,
      calls: times.length,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      longest: times.at(-1),
      ...loop,
      statuses,
    };
  } finally {
    server.disconnect();
    attacker.disconnect();
    await Promise.all([once(server, 'exit'), once(attacker, 'exit')]);
  }
}

const results = [];
for (const name of chosen) {
  const result = await measure(name);
  results.push(result);
  if (!values.json) process.stderr.write(`${name}: ${Math.round(result.longest)} ms, CPU ${Math.round(result.mainMax)} ms\n`);
}
agent.destroy();
if (values.json) console.log(JSON.stringify(results));
else {
  const ms = (value) => value.toFixed(1);
  const said = (statuses) => Object.entries(statuses).map(([status, count]) => `${count} x ${status}`);
  console.log(
    table(
      ['attack', 'calls', 'median', 'p99', 'longest', 'loop delay', 'CPU at once', 'all threads', 'answers to the attacker'],
      results.map((r) => [
        r.name,
        r.calls,
        ms(r.p50),
        ms(r.p99),
        ms(r.longest),
        ms(r.delayMax),
        ms(r.mainMax),
        ms(r.cpuMax),
        said(r.statuses).join(', '),
      ]),
    ),
  );
}
const slow = results.filter(({ longest }) => longest > max);
if (slow.length > 0) {
  process.stderr.write(`longer than ${max} ms: ${slow.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = 1;
}
