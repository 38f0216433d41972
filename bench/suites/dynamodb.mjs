/**
 * Pages of many call records on DynamoDB Local: times, and the read units that DynamoDB itself reports. Records are under one key, and
 * spread over eight. It needs the engine: `node scripts/dynamodb-local.mjs npm run bench -- dynamodb`.
 */
import { createRecords } from '../lib/call-records.mjs';
import { table } from '../lib/markdown.mjs';
import { digits, span } from '../lib/stats.mjs';

const PAGE = 100;
/** Rows of one write, and writes at once. */
const WRITE = 500;
const FEW = 1_000;
const SPREADS = ['none', 8];
const dist = new URL('../../packages/aws/dist/index.js', import.meta.url);

const QUERIES = {
  'the newest': {},
  'a rare name': { name: 'rare' },
  'a common name': { name: 'function_3' },
  'a rare status': { status: 'timed_out' },
  'the newest, without bodies': { bodies: false },
};

const credentials = { accessKeyId: 'BENCH', secretAccessKey: 'BENCH' };
const LIMITS = { connectTimeoutMs: 30_000, requestTimeoutMs: 120_000, deadlineMs: 360_000 };

/** Writes records into a partition. @returns rows per second */
async function fill(store, partition, count) {
  const record = createRecords(count);
  const began = performance.now();
  for (let index = 0; index < count;) {
    const rows = [];
    for (const end = Math.min(count, index + WRITE); index < end; index += 1)
      rows.push({ ...record(index), partition_key: partition });
    await store.calls.write(rows);
  }
  return count / ((performance.now() - began) / 1_000);
}

/** The cursor of a page of {@link PAGE}, counted from 1: by large pages, whose cursors are the same places. */
async function cursorOf(store, partition, number) {
  let left = (number - 1) * PAGE;
  let cursor;
  while (left > 0) {
    const limit = Math.min(left, 1_000);
    const page = await store.calls.list(partition, { limit, bodies: false, ...(cursor === undefined ? {} : { cursor }) });
    if (page.cursor === undefined) break;
    ({ cursor } = page);
    left -= page.items.length;
  }
  return cursor;
}

/** One page: its time, its read units, its requests, and how many records it has. */
async function measure(store, partition, query) {
  const before = store.stats();
  const began = performance.now();
  const { items } = await store.calls.list(partition, { limit: PAGE, ...query });
  const ms = performance.now() - began;
  const after = store.stats();
  return { ms, units: after.readUnits - before.readUnits, requests: after.requests - before.requests, items: items.length };
}

export async function dynamodb({ records, rounds, log }) {
  const endpoint = process.env.DYNAMODB_LOCAL;
  if (endpoint === undefined)
    throw new Error('DynamoDB Local is needed: node scripts/dynamodb-local.mjs npm run bench -- dynamodb');
  const { initDynamoStore, openDynamoStore } = await import(dist);
  const options = { endpoint, region: 'eu-central-1', credentials, ...LIMITS };
  await initDynamoStore(options);
  const rows = [];
  const rates = [];
  for (const spread of SPREADS) {
    const store = await openDynamoStore({ ...options, promise: 'answered', expireAfterMs: 0, countUnits: true, spread });
    const title = spread === 'none' ? 'one key' : `${spread} keys`;
    const sizes = [
      ['few', FEW],
      ['many', records],
    ];
    for (const [name, count] of sizes) {
      const partition = `${name}-${spread}`;
      log(`dynamodb: ${title}: ${count} records are written`);
      rates.push(await fill(store, partition, count));
      const last = Math.min(1_000, Math.floor(count / PAGE));
      const queries = { ...QUERIES, [`page ${digits(last)}, by cursor`]: { cursor: await cursorOf(store, partition, last) } };
      for (const [what, query] of Object.entries(queries)) {
        const found = [];
        for (let round = 0; round < rounds; round += 1) found.push(await measure(store, partition, query));
        log(
          `dynamodb: ${title}: ${what}: ${span(found.map(({ ms }) => ms))} ms, ${span(found.map(({ units }) => units))} read units`,
        );
        const [{ items }] = found;
        rows.push([
          ...[
            `${what}: ${digits(count)} records, ${title}`,
            span(found.map(({ ms }) => ms)),
            span(found.map(({ units }) => units)),
          ],
          ...[span(found.map(({ requests }) => requests)), items],
        ]);
      }
    }
    await store.close();
  }
  return {
    text: [
      `## Pages of ${PAGE} call records on DynamoDB Local: ${rounds} rounds`,
      table(['page', 'ms', 'read units', 'requests', 'records'], rows),
      `Rows written per second: ${span(rates)}. DynamoDB Local is in memory, and reads more than it reports: its times are no times of AWS.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: [],
  };
}
