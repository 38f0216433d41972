/**
 * Imports many configs into one partition at once, all planned on what is there now. Takes a store, a partition and a range of numbers as
 * JSON; prints `ready`, begins at the first line of stdin, and prints how each import ended.
 */
import { once } from 'node:events';

import { applyPlan, planConfig } from '../../packages/core/dist/index.js';

const { store: where, partition, from, count } = JSON.parse(process.argv[2]);

async function openStore() {
  if (where.file !== undefined) {
    const { openSqliteStore } = await import('../../packages/sqlite/dist/index.js');
    return openSqliteStore({ file: where.file });
  }
  const { openDynamoStore } = await import('../../packages/aws/dist/index.js');
  return openDynamoStore({ endpoint: where.endpoint, region: 'eu-central-1' });
}

/** A config whose two tools have its number: one that is a mix of two imports has tools of two numbers. */
const numbered = (number) => {
  const names = [`first_${number}`, `second_${number}`];
  return {
    tools: names.map((name) => ({ name, description: name, inputSchema: { type: 'object' } })),
    module_links: names.map((name) => ({ type: 'tool', name, module_name: 'say', function_name: 'say' })),
    modules: [{ module_name: 'say', setting: { number } }],
  };
};

const store = await openStore();
const plans = [];
for (let number = from; number < from + count; number += 1)
  plans.push(await planConfig(store.catalogs, partition, numbered(number), {}));
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const ends = await Promise.allSettled(
  plans.map((plan) => applyPlan(store.catalogs, plan, { author: 'importer', allowBreaking: true })),
);
await store.close();
process.stdout.write(
  `${JSON.stringify(ends.map(({ status, reason }) => (status === 'fulfilled' ? 'applied' : (reason.code ?? String(reason)))))}\n`,
);
