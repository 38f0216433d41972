/**
 * Statistics of call records in SQLite: how long they take, and how much later calls are answered while they run.
 */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createRecords } from '../lib/call-records.mjs';
import { path } from '../lib/contenders.mjs';
import { withHttpServer } from '../lib/http-server.mjs';
import { undisturbed, watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { percentile, ratios, span, summary } from '../lib/stats.mjs';

const RECORDS = 100_000;
const WEEK_MS = 7 * 86_400_000;
const BUDGET_MS = 200;
const TAIL = 1.2;
/** How often statistics are read in a round; the median counts. */
const READS = 7;
const CONNECTIONS = 32;
const LIMIT_MS = 30_000;
const WARM = 0.2;
/** Calls of a round, relative to the throughput suite: several statistics must end meanwhile. */
const CALLS = 3;
/** Time for imports that the server has delayed. */
const REST_MS = 1_000;
const GROUPINGS = ['name', 'updated_by', 'status', 'hour', 'day'];

const dist = new URL('../../packages/sqlite/dist/', import.meta.url);

/** Fills a file with records of the last week. */
async function fillWeek(openSqliteStore, file) {
  const store = await openSqliteStore({ file, maxWaitingBytes: 2 ** 31 });
  const record = createRecords(RECORDS);
  const began = Date.now() - WEEK_MS + 60_000;
  for (let index = 0; index < RECORDS;) {
    const rows = [];
    for (const end = Math.min(RECORDS, index + 500); index < end; index += 1) {
      const time = Math.floor(began + (index * (WEEK_MS - 120_000)) / RECORDS);
      const digits = time.toString(16).padStart(12, '0');
      const row = record(index);
      const uuid = `${digits.slice(0, 8)}-${digits.slice(8)}${row.mcp_function_call_uuid.slice(13)}`;
      // From 0.1 ms to 10 s, most of them short.
      const time_spent = Math.round(100 * 10 ** (((index * 0.618_034) % 1) ** 2) * 5) / 1_000;
      rows.push({ ...row, mcp_function_call_uuid: uuid, created_at: time, updated_at: time + 2, time_spent });
    }
    await store.calls.write(rows);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await store.calls.list('default', { limit: 1 });
  return store;
}

const week = (by, more = {}) => ({ by, since: Date.now() - WEEK_MS, ...more });

/** The median of some reads, in milliseconds: the time, and the CPU time, which other work on the machine changes little. */
async function timed(store, query) {
  const times = [];
  const cpu = [];
  for (let read = 0; read < READS; read += 1) {
    const began = performance.now();
    const before = process.cpuUsage();
    const { total, complete } = await store.calls.statistics('default', query);
    times.push(performance.now() - began);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1_000);
    if (!complete || total.calls === 0) throw new Error(`statistics by ${query.by}: ${JSON.stringify(total)}`);
  }
  return { ms: percentile(times, 0.5), cpuMs: percentile(cpu, 0.5) };
}

/** A daemon over HTTP on a copy of the file, because calls are recorded in it. */
const daemon = (records) => ({
  title: 'statistics',
  era: 'modern',
  async prepare(folder, port) {
    const file = join(folder, 'calls.db');
    await copyFile(records, file);
    return [path('../servers/statistics.mjs'), file, String(port)];
  },
});

async function load({ load: call, pid }, count) {
  const end = watch(pid);
  const { times } = await call({ connections: CONNECTIONS, count, limitMs: LIMIT_MS });
  const { otherCores, server } = end();
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), cpu: (server / times.length) * 1e6, otherCores };
}

/** Resolves with the next message of a child. */
const told = (child) => new Promise((resolve) => child.once('message', resolve));

/** Calls without statistics, with them all the time, and without again: what the server warms up must not look like an effect. */
async function beside(records, n, temporary) {
  return withHttpServer(daemon(records), { temporary, ipc: true }, async (server) => {
    await server.load({ connections: CONNECTIONS, count: Math.ceil(n * WARM), limitMs: LIMIT_MS });
    const before = await load(server, n);
    await sleep(REST_MS);
    server.child.send({ query: week('name') });
    const answer = told(server.child);
    const during = await load(server, n);
    server.child.send({});
    const { counted, failed } = await answer;
    if (counted === undefined || counted.length === 0) throw new Error(`statistics: ${failed ?? 'none ended'}`);
    await sleep(REST_MS);
    const after = await load(server, n);
    const without = Object.fromEntries(Object.keys(before).map((name) => [name, (before[name] + after[name]) / 2]));
    return { without, during, counted, otherCores: Math.max(before.otherCores, during.otherCores, after.otherCores) };
  });
}

export async function statistics({ rounds, n: standard, temporary, log }) {
  const n = CALLS * standard;
  const { openSqliteStore } = await import(new URL('index.js', dist));
  const file = join(temporary, 'week.db');
  await (await fillWeek(openSqliteStore, file)).close();
  const store = await openSqliteStore({ file, readonly: true });
  log(`statistics: ${RECORDS} records are written`);
  const queries = {
    ...Object.fromEntries(GROUPINGS.map((by) => [`by ${by}, a week`, week(by)])),
    'by hour, one function': week('hour', { name: 'function_3' }),
    'by name, the last hour': { by: 'name', since: Date.now() - 3_600_000 },
  };
  const times = Object.fromEntries(Object.keys(queries).map((name) => [name, []]));
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, query] of Object.entries(queries)) times[name].push(await timed(store, query));
    samples.push(await undisturbed(() => beside(file, n, temporary)));
    log(`statistics: round ${round + 1} of ${rounds}`);
  }
  await store.close();

  const of = (part, name) => samples.map((sample) => sample[part][name]);
  const tails = ratios(of('during', 'p99'), of('without', 'p99'));
  const rows = ['p50', 'p99', 'cpu'].map((name) => [
    { p50: 'p50 ms', p99: 'p99 ms', cpu: 'CPU µs/call' }[name],
    span(of('without', name)),
    span(of('during', name)),
    span(ratios(of('during', name), of('without', name))),
  ]);
  const count = RECORDS.toLocaleString('en-US');
  const busy = samples.flatMap(({ counted }) => counted);
  return {
    text: [
      `## Statistics of ${count} call records of a week in SQLite: ${rounds} rounds`,
      table(
        ['statistics', 'ms', 'CPU ms'],
        Object.entries(times).map(([name, values]) => [
          name,
          span(values.map(({ ms }) => ms)),
          span(values.map(({ cpuMs }) => cpuMs)),
        ]),
      ),
      `Calls over ${CONNECTIONS} connections, ${n} of them, beside statistics by name that run one after the other all the time:`,
      table(['calls', 'without statistics', 'with statistics', 'ratio'], rows),
      `Beside the calls, statistics take ${span(busy)} ms: they pause while calls need the event loop.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: [
      ...GROUPINGS.map((by) => ({
        what: `statistics of ${count} records by ${by}, ms`,
        budget: `${BUDGET_MS} ms`,
        limit: BUDGET_MS,
        measured: summary(times[`by ${by}, a week`].map(({ ms }) => ms)),
      })),
      { what: 'p99 of calls while statistics run', budget: `${TAIL} x without`, limit: TAIL, measured: summary(tails) },
    ],
  };
}
