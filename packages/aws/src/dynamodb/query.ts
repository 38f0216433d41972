/** Queries, page by page. Never a Scan: that reads all partitions. */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';

import type { Dynamo } from './client.js';
import type { Item } from './codec.js';

/** One answer of a query. */
export interface Answer {
  items: Item[];
  /** How many rows matched, also where only their number was asked for. */
  count: number;
  /** Where the next request begins; undefined at the end. */
  next: Item | undefined;
}

/** One request. @throws DaemonError `store_busy` or `store_failed` */
export async function queryOnce(dynamo: Dynamo, input: QueryCommandInput): Promise<Answer> {
  const output = await dynamo.send(new QueryCommand(input));
  return { items: output.Items ?? [], count: output.Count ?? 0, next: output.LastEvaluatedKey };
}

/** All rows of a query, request by request. @throws DaemonError `store_busy` or `store_failed` */
export async function* queryAll(dynamo: Dynamo, input: QueryCommandInput): AsyncGenerator<Item[], void, undefined> {
  let next: Item | undefined;
  do {
    const answer = await queryOnce(dynamo, next === undefined ? input : { ...input, ExclusiveStartKey: next });
    yield answer.items;
    next = answer.next;
  } while (next !== undefined);
}
