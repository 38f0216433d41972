/**
 * `npm run bench`: measures the server against the smallest program that answers the same, and against servers built on the
 * official SDKs; see README.md. It fails only if an answer is wrong, never because something is slow.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { setup } from '../scripts/setup.mjs';
import { stopAll } from './lib/processes.mjs';

const USAGE = `usage: npm run bench -- [stdio|growth|http|sessions|data|statistics|graphql|runner|mounts|retries|dynamodb|all] [--runs N] [--rounds N] [--n N] [--only A,B]
                          [--records N] [--before FILE] [--out FILE]

  stdio         cold start and throughput
  growth        a catalog of 10 to 10,000 tools
  http          calls over HTTP
  sessions      what sessions, streams and calls over HTTP keep in memory
  data          lists of many call records, imports of catalogs, stored partitions, and recording to DynamoDB
  statistics    statistics of call records, and calls beside them
  graphql       queries, beside a handler written by hand
  runner        functions in processes of their own
  mounts        other MCP servers that are mounted
  retries       calls with a key, and tasks, beside plain calls
  dynamodb      pages of many call records on DynamoDB Local: node scripts/dynamodb-local.mjs npm run bench -- dynamodb
  --runs N      cold starts of each server (15)
  --rounds N    rounds of throughput, growth, HTTP, sessions, data, statistics, GraphQL, runner, mounts, retries and DynamoDB
                (5, 3, 3, 2, 3, 3, 3, 3, 3, 3, 3)
  --n N         calls of each server in a round (20000)
  --records N   call records that are listed (1000000; on DynamoDB 100000)
  --only A,B    measures these groups beside the floor: sdk, sqlite, memory, none, silent, open
  --before FILE another build's packages/cli/dist/bin.js, measured in the same run
  --out FILE    writes the report to a file as well
`;
const SUITES = {
  stdio: ['cold', 'load'],
  growth: ['growth'],
  http: ['http'],
  sessions: ['sessions'],
  data: ['data', 'stores'],
  statistics: ['statistics'],
  graphql: ['graphql'],
  runner: ['runner'],
  mounts: ['mounts'],
  retries: ['retries'],
  dynamodb: ['dynamodb'],
  all: ['cold', 'load', 'growth', 'http', 'sessions', 'data', 'stores', 'statistics', 'graphql', 'runner', 'mounts', 'retries'],
};

function options() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    options: {
      ...{ only: text, before: text, runs: text, rounds: text, n: text, records: text, out: text },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });
  const [suite = 'all', ...more] = positionals;
  if (more.length > 0 || !Object.hasOwn(SUITES, suite)) throw new Error(`unknown suite: ${positionals.join(' ')}`);
  // The suites read these when they are loaded.
  if (values.before !== undefined) process.env.BENCH_BEFORE = resolve(values.before);
  if (values.only !== undefined) process.env.BENCH_ONLY = values.only;
  const count = (name, standard) => {
    const value = Number(values[name] ?? standard);
    if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
      throw new Error(`--${name}: must be a whole number from 1 to 1000000`);
    return value;
  };
  return {
    help: values.help,
    names: SUITES[suite],
    out: values.out,
    runs: count('runs', 15),
    n: count('n', 20_000),
    records: count('records', suite === 'dynamodb' ? 100_000 : 1_000_000),
    rounds: {
      ...{ load: count('rounds', 5), growth: count('rounds', 3), http: count('rounds', 3) },
      ...{ sessions: count('rounds', 2), data: count('rounds', 3), stores: count('rounds', 3) },
      ...{
        statistics: count('rounds', 3),
        graphql: count('rounds', 3),
        runner: count('rounds', 3),
        mounts: count('rounds', 3),
        retries: count('rounds', 3),
        dynamodb: count('rounds', 3),
      },
    },
  };
}

async function main({ names, out, runs, n, records, rounds }) {
  await setup();
  // Only the report goes to stdout, so that it can be redirected to a file.
  const log = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  const [{ report }, ...suites] = await Promise.all(
    ['./lib/report.mjs', ...names.map((name) => `./suites/${name}.mjs`)].map((path) => import(path)),
  );
  const temporary = await mkdtemp(join(tmpdir(), 'mcp-daemon-bench-'));
  process.once('exit', () => {
    stopAll();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

  const results = [];
  for (const [index, name] of names.entries()) {
    results.push(await suites[index][name]({ runs, n, records, rounds: rounds[name], temporary, log }));
  }
  const text = `${report(results)}\n`;
  if (out !== undefined) await writeFile(out, text);
  process.stdout.write(text);
  await rm(temporary, { recursive: true, force: true, maxRetries: 3 });
  if (results.some(({ failures }) => failures.size > 0)) process.exitCode = 1;
}

let chosen;
try {
  chosen = options();
} catch (error) {
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (chosen.help) process.stdout.write(USAGE);
else await main(chosen);
