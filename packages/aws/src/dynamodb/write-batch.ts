/** One batch of writes, without the SDK. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';

import type { DynamoCounts, Wire } from './wire.js';

/** Requests of one batch of writes. */
export const BATCH_WRITES = 25;
/** Batches of one table at once. */
export const BATCHES_AT_ONCE = 4;

/** What a batch of writes left undone: so DynamoDB throttles one without an error. */
export function undone({ counts }: { counts: DynamoCounts }, left: WriteRequest[] = []): WriteRequest[] {
  if (left.length > 0) counts.throttled += 1;
  return left;
}

/**
 * Writes at most 25 rows, each at most once: one request.
 *
 * @param rows the JSON text of each
 * @returns what DynamoDB left undone
 * @throws an Error like the SDK's
 */
export async function writeBatch(wire: Wire, table: string, rows: readonly string[]): Promise<WriteRequest[]> {
  const requests = rows.map((row) => `{"PutRequest":{"Item":${row}}}`);
  const { UnprocessedItems: left } = await wire.post('BatchWriteItem', `{"RequestItems":{"${table}":[${requests.join(',')}]}}`);
  return undone(wire, (left as Record<string, WriteRequest[]> | undefined)?.[table]);
}
