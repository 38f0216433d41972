/**
 * Data: pages of a file with many call records, and what the import of a record costs with the indexes that filters use.
 */
import { join } from 'node:path';

import { fill } from '../lib/call-records.mjs';
import { table } from '../lib/markdown.mjs';
import { digits, ratios, span, summary } from '../lib/stats.mjs';

const FEW = 1_000;
const PAGE = 100;
const IMPORTED = 100_000;
/** How often a page is read in a round; the quickest counts. */
const READS = 15;
/** A page of many records costs at most so many times the newest page of few. */
const BUDGET = 3;
const BUSY_MS = 60_000;

const dist = new URL('../../packages/sqlite/dist/', import.meta.url);

const QUERIES = {
  'the newest': {},
  'a rare name': { name: 'rare' },
  'a common name': { name: 'function_3' },
  'a rare status': { status: 'timed_out' },
  'a common status': { status: 'completed' },
  'a rare caller': { updated_by: 'guest' },
  'a common caller': { updated_by: 'user_3' },
  'the first revision': { revision: 'revision_0' },
  'the last revision': { revision: 'revision_9' },
  'a rare name and a status': { name: 'rare', status: 'completed' },
};

/** The cursor of a page, counted from 1; of the last one, where there are not so many. */
async function cursorOf(store, number) {
  let cursor;
  for (let page = 1; page < number; page += 1) {
    const next = await store.calls.list('default', { limit: PAGE, bodies: false, ...(cursor === undefined ? {} : { cursor }) });
    if (next.cursor === undefined) break;
    cursor = next.cursor;
  }
  return cursor;
}

/** The quickest of some reads, in milliseconds. */
async function quickest(store, query) {
  let best = Infinity;
  for (let read = 0; read < READS; read += 1) {
    const began = performance.now();
    await store.calls.list('default', query);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

/** CPU of the import of a record into a new file, in microseconds. */
async function importCost(openSqliteStore, file, isIndexed) {
  const options = { file, busyTimeoutMs: BUSY_MS, maxWaitingBytes: 2 ** 31 };
  await (async () => {
    const store = await openSqliteStore(options);
    await store.calls.list('default', {});
    await store.close();
  })();
  if (!isIndexed) {
    const { chooseEngine } = await import(new URL('engine/engine.js', dist));
    const connection = chooseEngine()(file, false);
    connection.exec('DROP INDEX calls_by_context; DROP INDEX calls_by_status');
    connection.close();
  }
  const store = await openSqliteStore(options);
  const cost = await fill(store, IMPORTED);
  await store.close();
  return cost;
}

export async function data({ records, rounds, temporary, log }) {
  const { openSqliteStore } = await import(new URL('index.js', dist));
  const open = (name) => openSqliteStore({ file: join(temporary, name), busyTimeoutMs: BUSY_MS, maxWaitingBytes: 2 ** 31 });

  const costs = { with: [], without: [] };
  for (let round = 0; round < rounds; round += 1) {
    costs.with.push(await importCost(openSqliteStore, join(temporary, `with-${round}.db`), true));
    costs.without.push(await importCost(openSqliteStore, join(temporary, `without-${round}.db`), false));
    log(`data: import round ${round + 1} of ${rounds}`);
  }

  const few = await open('few.db');
  await fill(few, FEW);
  const many = await open('many.db');
  log(`data: ${records} records are written`);
  await fill(many, records);
  const queries = { ...QUERIES, 'page 1,000, by cursor': { cursor: await cursorOf(many, 1_000) } };
  const base = [];
  const times = Object.fromEntries(Object.keys(queries).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    base.push(await quickest(few, { limit: PAGE }));
    for (const [name, query] of Object.entries(queries)) times[name].push(await quickest(many, { limit: PAGE, ...query }));
    log(`data: list round ${round + 1} of ${rounds}`);
  }
  await few.close();
  await many.close();

  const rows = Object.keys(queries).map((name) => [name, span(times[name]), span(ratios(times[name], base))]);
  const count = records.toLocaleString('en-US');
  return {
    text: [
      `## Lists of ${count} call records in SQLite: ${rounds} rounds`,
      table([`a page of ${PAGE}`, 'ms', `: the newest of ${digits(FEW)}`], [['the newest of 1,000', span(base), '1'], ...rows]),
      `CPU of a record until it is imported: ${span(costs.with)} µs, and without the indexes of filters ${span(costs.without)} µs. What is rare`,
      `is among the oldest tenth.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: Object.keys(queries).map((name) => ({
      what: `a page of ${count} records: ${name}`,
      budget: `${BUDGET} x the newest of 1,000`,
      limit: BUDGET,
      measured: summary(ratios(times[name], base)),
    })),
  };
}
