/**
 * `node bench/soak-http.mjs`: hundreds of clients of all kinds use the HTTP server for some minutes. Then it checks: every call
 * was answered and recorded once, and memory did not grow. It fails if one of these is not true.
 */
import { once } from 'node:events';
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { freePort } from '../scripts/lib.mjs';
import { setup } from '../scripts/setup.mjs';
import { bin, path } from './lib/contenders.mjs';
import { SECRET, userHeaders, writeUsers } from './lib/http-users.mjs';
import { machine } from './lib/machine.mjs';
import { table } from './lib/markdown.mjs';
import { treeCpu } from './lib/proc.mjs';
import { start, stopAll } from './lib/processes.mjs';
import { digits, summary } from './lib/stats.mjs';
import { caller, listener, oldClient, resumer, vanisher, watcher } from './soak/clients.mjs';
import { Ledger } from './soak/ledger.mjs';
import { config } from './soak/tools.mjs';

const text = { type: 'string' };
const { values } = parseArgs({ options: { minutes: text, clients: text, think: text, out: text } });
const minutes = Number(values.minutes ?? 5);
const clients = Number(values.clients ?? 500);
/** Average milliseconds between two calls of a client. */
const think = Number(values.think ?? 400);
if (!(minutes > 0 && minutes <= 120 && clients >= 20 && clients <= 5_000 && think >= 0))
  throw new Error('usage: node bench/soak-http.mjs [--minutes 5] [--clients 500] [--think 400] [--out FILE]');

const SAMPLE_MS = 5_000;
/** Short, so that abandoned sessions end within the soak. */
const IDLE_MS = 20_000;
/** The server keeps stream events for two minutes, for clients that reconnect: until then memory grows. */
const WARM_S = 130;
const DRAIN_MS = 5_000;
/** Time for the last events to arrive, after the last call has ended. */
const TELL_MS = 12_000;
/** The share of clients of each kind; the rest call in the modern era. */
const SHARES = { caller: 0.38, vanisher: 0.1, resumer: 0.1, listener: 0.08, watcher: 0.04, oldClient: 0.04 };
/** Allowed growth from begin to end: two GCs of the same heap differ by as much. */
const FLAT_MB = 4;

const log = (line) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function startDaemon(folder) {
  await copyFile(path('../soak/tools.mjs'), join(folder, 'tools.mjs'));
  await writeFile(join(folder, 'mcp.json'), JSON.stringify(config));
  await writeUsers(join(folder, 'users.json'));
  const port = await freePort();
  const log = await open(join(folder, 'stderr'), 'a');
  const flags = {
    ...{ transport: 'sse', port, config: join(folder, 'mcp.json'), 'data-dir': folder },
    ...{ 'local-user-file': join(folder, 'users.json'), 'jwt-secret-key': SECRET },
    ...{ 'rate-limit': 0, 'session-idle-ms': IDLE_MS, 'drain-ms': DRAIN_MS, 'record-max-count': 1_000_000_000 },
  };
  const node = ['--expose-gc', '--import', path('../servers/memory-hook.mjs')];
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = start([...node, bin, ...args], { errors: log.fd, ipc: true });
  child.stdout.resume();
  await log.close();
  const origin = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${origin}/health`).catch(() => undefined);
    if (answer !== undefined) break;
    if (tries > 200) throw new Error(`it does not start: ${await readFile(join(folder, 'stderr'), 'utf8')}`);
    await sleep(50);
  }
  return { child, origin };
}

/** Samples the heap in use after a GC, every few seconds. */
async function sample(child, samples, over) {
  const started = Date.now();
  while (!over()) {
    await sleep(SAMPLE_MS);
    child.send('memory');
    const [{ heapUsed, rss, external }] = await once(child, 'message');
    const mb = (bytes) => bytes / 2 ** 20;
    samples.push({ seconds: (Date.now() - started) / 1000, heap: mb(heapUsed), rss: mb(rss), external: mb(external) });
    log(`${Math.round(samples.at(-1).seconds)} s: heap ${digits(mb(heapUsed))} MB, RSS ${digits(mb(rss))} MB`);
  }
}

/** All clients: what each does, in which era, as which user. */
function crew({ origin, ledger, over, hasOld }) {
  const auths = userHeaders();
  const server = (era, index) => ({ origin, url: `${origin}/mcp`, era, auth: auths[index % auths.length] });
  const count = (name) => Math.round(clients * SHARES[name]);
  const made = [];
  const add = (kind, name, era, amount) => {
    for (let index = 0; index < amount; index += 1) {
      const who = `${name}${index}`;
      const options = { server: server(era, made.length), ledger, over, think, who };
      made.push({ name: `${name} [${era}]`, run: () => kind(options) });
    }
  };
  add(caller, 'caller', 'legacy', count('caller'));
  add(vanisher, 'vanisher', 'legacy', Math.ceil(count('vanisher') / 2));
  add(vanisher, 'vanisher-modern', 'modern', Math.floor(count('vanisher') / 2));
  add(resumer, 'resumer', 'legacy', count('resumer'));
  add(listener, 'listener', 'modern', count('listener'));
  if (hasOld) add(oldClient, 'http+sse', 'legacy', count('oldClient'));
  add(caller, 'caller-modern', 'modern', clients - made.length - count('watcher'));
  const watchers = Array.from({ length: count('watcher') }, (_, index) => ({
    user: `user${index % auths.length}`,
    server: server('modern', index),
    seen: { ids: new Set(), gaps: 0 },
  }));
  return { made, watchers };
}

await setup();
const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-soak-'));
process.once('exit', stopAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
try {
  const { child, origin } = await startDaemon(folder);
  const ledger = new Ledger();
  const until = Date.now() + minutes * 60_000;
  const over = () => Date.now() > until;
  let watched = false;
  const old = await fetch(`${origin}/jsonrpc/sse`, { headers: { ...userHeaders()[0], accept: 'text/event-stream' } });
  await old.body?.cancel();
  const { made, watchers } = crew({ origin, ledger, over, hasOld: old.status === 200 });
  if (old.status !== 200) log(`HTTP+SSE is not served: ${old.status}`);

  const watching = watchers.map((each) =>
    watcher({ ...each, ledger, over: () => watched }).catch((error) => ledger.error('watcher', error.message)),
  );
  await sleep(1_000); // all of them are connected before the first call
  log(`${made.length + watchers.length} clients for ${minutes} minutes`);
  const samples = [];
  const cpuBefore = treeCpu(child.pid);
  const sampling = sample(child, samples, over);
  const began = Date.now();
  await Promise.all(
    made.map(async ({ name, run }) => {
      await sleep(Math.random() * 2_000);
      await run().catch((error) => ledger.error(`${name} ended: ${error.message}`));
    }),
  );
  const seconds = (Date.now() - began) / 1000;
  await sampling;
  const cpu = treeCpu(child.pid) - cpuBefore;
  await sleep(TELL_MS);
  watched = true;
  await Promise.all(watching);
  child.send('memory');
  const [after] = await once(child, 'message');
  child.kill('SIGTERM');
  const ended = await child.ended;
  if (ended !== 'exit code 0') ledger.error('the daemon ended', ended);

  const { records, calls, answered, statuses, idsOf } = ledger.compare(join(folder, 'mcp-daemon.db'));
  for (const { user, seen } of watchers) {
    if (seen.gaps > 0) continue;
    const missed = (idsOf.get(user) ?? []).filter((id) => !seen.ids.has(id));
    if (missed.length > 0) ledger.error('a watcher without a gap missed calls', `${missed.length} of ${user}`);
  }
  const warm = samples.filter((each) => each.seconds > WARM_S);
  const settled = warm.length >= 6 ? warm : samples.slice(-2);
  const third = Math.max(1, Math.floor(settled.length / 3));
  const heapOf = (some) => summary(some.map(({ heap }) => heap)).median;
  const growth = heapOf(settled.slice(-third)) - heapOf(settled.slice(0, third));
  if (warm.length >= 6 && growth > FLAT_MB) ledger.error('memory is not flat', `${digits(growth)} MB more heap at the end`);
  const logged = (await readFile(join(folder, 'stderr'), 'utf8'))
    .split('\n')
    .filter((line) => /"level":(?:50|60|"error"|"fatal")/.test(line));
  for (const line of logged) ledger.error('the daemon logged an error', line.slice(0, 300));

  const rss = samples.map((each) => each.rss);
  const report = [
    `# Soak over HTTP: ${made.length + watchers.length} clients, ${minutes} minutes`,
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Node ${process.version}. ${machine()}.`,
    table(
      ['what', 'count'],
      [
        ['calls made', calls],
        ['calls answered', answered],
        ['calls a second', digits(answered / seconds)],
        ['server CPU, cores', digits(cpu / seconds)],
        ['records', records],
        ...[...statuses].map(([status, count]) => [`records: ${status}`, count]),
        ...[...ledger.counts].sort(([a], [b]) => (a < b ? -1 : 1)),
      ],
    ),
    `Heap after a collection: ${digits(heapOf(settled.slice(0, third)))} MB early, ${digits(heapOf(settled.slice(-third)))} MB late, ${digits(after.heapUsed / 2 ** 20)} MB when all had left. RSS: ${digits(Math.min(...rss))} to ${digits(Math.max(...rss))} MB.`,
    ledger.errors.size === 0 ? 'No error.' : `Errors:\n\n${ledger.errorLines().join('\n')}`,
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (values.out !== undefined) await writeFile(values.out, `${report}\n`);
  if (ledger.errors.size > 0) process.exitCode = 1;
} finally {
  stopAll();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
