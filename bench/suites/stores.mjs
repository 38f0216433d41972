/**
 * Stores: what an import takes, whether a stored partition is as quick as a config file, and what recording to DynamoDB costs a call.
 */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../scripts/lib.mjs';
import { bin, path, writeConfig } from '../lib/contenders.mjs';
import { httpLoad } from '../lib/http-client.mjs';
import { withHttpServer } from '../lib/http-server.mjs';
import { SECRET, writeUsers } from '../lib/http-users.mjs';
import { watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { start, stop } from '../lib/processes.mjs';
import { percentile, ratios, span, summary } from '../lib/stats.mjs';

const TOOLS = 10_000;
const IMPORT_MS = 3_000;
/** Requests that run at once. */
const WINDOW = 64;
const LIMIT_MS = 20_000;
const WARM = 0.2;
/** The same for stores: their threads begin with the first records, and have to be warm, too. */
const WARM_RECORDS = 3;
/** Calls of a server in a round, relative to the throughput suite. */
const CALLS = 0.5;
const ADDED_US = 60;
const P50 = 1.1;
/** A ratio of 1.0, and the noise of a machine that others use too. */
const SAME = 1.05;

/** The SDK wants keys; no engine here looks at them. */
const env = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };

/** Runs the command to its end. @returns milliseconds */
async function timed(args) {
  const began = performance.now();
  const child = start([bin, ...args], { env });
  child.stdout.resume();
  const why = await child.ended;
  if (why !== 'exit code 0') throw new Error(`${args.join(' ')}: ${why} ${child.said}`);
  return performance.now() - began;
}

const apply = (folder, partition) =>
  timed(['config', 'apply', join(folder, 'mcp.json'), '--partition', partition, '--yes', '--data-dir', join(folder, 'data')]);

async function importTime(temporary) {
  const folder = await mkdtemp(join(temporary, 'import-'));
  await writeConfig(folder, TOOLS);
  return apply(folder, 'acme');
}

/** A daemon with a config file of two tools, over HTTP, with users; modern protocol, so that no call depends on a session. */
const daemon = ({ store, more = [], partition }) => ({
  title: store,
  env,
  era: 'modern',
  users: true,
  async prepare(folder, port) {
    await writeConfig(folder, 2);
    await writeUsers(join(folder, 'users.json'));
    await mkdir(join(folder, 'data'), { recursive: true });
    if (partition !== undefined) await apply(folder, partition);
    const files = ['--config', join(folder, 'mcp.json'), '--data-dir', join(folder, 'data'), '--store', store];
    const users = ['--local-user-file', join(folder, 'users.json'), '--jwt-secret-key', SECRET];
    return [bin, '--transport', 'sse', '--port', String(port), '--rate-limit', '0', ...files, ...users, ...more];
  },
});

/** CPU and time of calls, once the server is warm. */
async function measure({ load, pid }, count, warm = WARM) {
  const work = { connections: WINDOW, limitMs: LIMIT_MS };
  await load({ ...work, count: Math.ceil(count * warm) });
  const end = watch(pid);
  const { times } = await load({ ...work, count });
  return { p50: percentile(times, 0.5), cpu: (end().server / times.length) * 1e6 };
}

/** The same server by the path of its config file, and by that of a stored partition. */
async function partitions(count, temporary) {
  return withHttpServer(daemon({ store: 'sqlite', partition: 'stored' }), { temporary }, async (server) => {
    const stored = { ...server, url: `${server.origin}/stored/mcp` };
    const file = await measure(server, count);
    return { file, stored: await measure({ pid: server.pid, load: (options) => httpLoad(stored, options) }, count) };
  });
}

/** Starts an engine, and creates its tables. @param kind `dynalite`; `null`: says yes to every write at once and keeps nothing */
async function withDynamo(kind, work) {
  const port = await freePort();
  const child = start([path('../servers/dynamo.mjs'), kind, String(port)]);
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      void child.ended.then((why) => reject(new Error(`${kind}: ${why} ${child.said}`)));
    });
    const more = ['--dynamodb-endpoint', `http://127.0.0.1:${port}`, '--region', 'eu-central-1'];
    if (kind === 'dynalite') await timed(['store', 'init', '--store', 'dynamodb', ...more]);
    return await work(daemon({ store: 'dynamodb', more }));
  } finally {
    await stop(child, 'SIGTERM');
  }
}

export async function stores({ rounds, n, temporary, log }) {
  const imports = [];
  const paths = { file: [], stored: [] };
  const records = { memory: [], sqlite: [], dynalite: [], null: [] };
  const count = Math.ceil(n * CALLS);
  for (let round = 0; round < rounds; round += 1) {
    imports.push(await importTime(temporary));
    const both = await partitions(count, temporary);
    for (const name of Object.keys(paths)) paths[name].push(both[name]);
    for (const store of ['memory', 'sqlite'])
      records[store].push(
        await withHttpServer(daemon({ store }), { temporary }, (server) => measure(server, count, WARM_RECORDS)),
      );
    for (const kind of ['dynalite', 'null']) {
      const run = (contender) => withHttpServer(contender, { temporary }, (server) => measure(server, count, WARM_RECORDS));
      records[kind].push(await withDynamo(kind, run));
    }
    log(`stores: round ${round + 1} of ${rounds}`);
  }
  const of = (samples, name) => samples.map((sample) => sample[name]);
  const added = (kind) => of(records[kind], 'cpu').map((cpu, round) => cpu - records.memory[round].cpu);
  const slower = (kind) => ratios(of(records[kind], 'p50'), of(records.sqlite, 'p50'));
  const TITLES = {
    memory: 'memory',
    sqlite: 'SQLite',
    dynalite: 'DynamoDB, eventual: dynalite on the same machine',
    null: 'DynamoDB, eventual: an engine that answers at once',
  };
  const rows = Object.entries(TITLES).map(([kind, title]) => [
    ...[title, span(of(records[kind], 'cpu')), span(added(kind)), span(of(records[kind], 'p50')), span(slower(kind))],
  ]);
  const same = {
    p50: ratios(of(paths.stored, 'p50'), of(paths.file, 'p50')),
    cpu: ratios(of(paths.stored, 'cpu'), of(paths.file, 'cpu')),
  };
  return {
    text: [
      `## Stores: ${count} calls over ${WINDOW} connections, ${rounds} rounds`,
      table(['records in', 'CPU µs/call', ': more than in memory', 'p50 ms', ': SQLite'], rows),
      `A warm call of a stored partition, by the same call of the config file: p50 ${span(same.p50)}, CPU ${span(same.cpu)}.`,
      `Import of ${TOOLS.toLocaleString('en-US')} tools into SQLite, by the command: ${span(imports)} ms.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: [
      { what: `import of ${TOOLS} tools, ms`, budget: `${IMPORT_MS} ms`, limit: IMPORT_MS, measured: summary(imports) },
      {
        what: 'p50 of a stored partition, by a config file',
        budget: '1.0 x, within 5 %',
        limit: SAME,
        measured: summary(same.p50),
      },
      {
        what: 'CPU µs that DynamoDB adds to a call',
        budget: `${ADDED_US} µs`,
        limit: ADDED_US,
        measured: summary(added('null')),
      },
      { what: 'p50 with DynamoDB, by SQLite', budget: `${P50} x`, limit: P50, measured: summary(slower('null')) },
    ],
  };
}
