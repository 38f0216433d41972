/** Batches: DynamoDB may leave parts of one undone without an error, so each is repeated until all of it is done. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { BatchGetItemCommand, BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { DaemonError } from '@mcp-daemon/core';

import { backOff, inParallel, inParts } from '../base/pacing.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { BATCH_WRITES, BATCHES_AT_ONCE, undone } from './write-batch.js';

const BATCH_READS = 100;
/** Milliseconds for what a batch leaves undone. */
const PATIENCE_MS = 10_000;

const leftUndone = (table: string): DaemonError =>
  new DaemonError('store_busy', `DynamoDB throttles ${table}: a part of a batch was not done. Try again later.`);

/** Writes or removes any number of rows, no key twice. @throws DaemonError `store_busy` or `store_failed` */
export async function writeAll(dynamo: Dynamo, table: string, requests: readonly WriteRequest[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  await inParallel(inParts(requests, BATCH_WRITES), BATCHES_AT_ONCE, async (part) => {
    let left = part;
    for (let failures = 1; ; failures += 1) {
      const output = await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
      left = undone(dynamo, output.UnprocessedItems?.[table]);
      if (left.length === 0) return;
      if (!(await backOff(failures, until))) throw leftUndone(table);
    }
  });
}

/** The rows of these keys, in no order, as other writers left them before. @throws DaemonError `store_busy` or `store_failed` */
export async function readAll(dynamo: Dynamo, table: string, keys: readonly Item[]): Promise<Item[]> {
  const found: Item[] = [];
  const until = performance.now() + PATIENCE_MS;
  await inParallel(inParts(keys, BATCH_READS), BATCHES_AT_ONCE, async (part) => {
    let left: Item[] = part;
    for (let failures = 1; ; failures += 1) {
      const output = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } }),
      );
      const items = output.Responses?.[table] ?? [];
      found.push(...items);
      left = output.UnprocessedKeys?.[table]?.Keys ?? [];
      if (left.length === 0) return;
      // Large rows come a few at a time, which is no reason to wait.
      if (items.length === 0 && !(await backOff(failures, until))) throw leftUndone(table);
    }
  });
  return found;
}
