/** One batch of writes, without the SDK. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';

import type { Wire } from './wire.js';

/** Requests of one batch of writes. */
export const BATCH_WRITES = 25;
/** Batches of one table at once. */
export const BATCHES_AT_ONCE = 4;

/** What a batch of writes left undone, counted: so DynamoDB throttles one without an error. */
export function undone({ counts }: Pick<Wire, 'counts'>, left: WriteRequest[] = []): WriteRequest[] {
  if (left.length > 0) counts.throttled += 1;
  return left;
}

/**
 * Writes at most 25 rows, without bytes in them, each at most once: one request.
 *
 * @returns what DynamoDB left undone
 * @throws an Error like the SDK's
 */
export async function writeBatch(wire: Wire, table: string, requests: readonly WriteRequest[]): Promise<WriteRequest[]> {
  const { UnprocessedItems: left } = await wire.post('BatchWriteItem', JSON.stringify({ RequestItems: { [table]: requests } }));
  return undone(wire, (left as Record<string, WriteRequest[]> | undefined)?.[table]);
}
