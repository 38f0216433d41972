/**
 * Marks the call records that ended processes left open, without reading a whole table: such a process has left a row that says since
 * when, and under which keys, it has open records (`open-note.ts`). Whoever finds a row that is two minutes old reads those keys from
 * that time on, and marks what is still open.
 */
import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Logger } from '@mcp-daemon/core';

import { isConditionFailed, toStoreError } from '../base/errors.js';
import { inParallel } from '../base/pacing.js';
import { createConditions, statusCondition } from './call-filter.js';
import { OPEN_TYPE } from './call-item.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import type { Item } from './codec.js';
import { numberOf, textOf } from './codec.js';
import { formatTime } from './dates.js';
import { ownerKey, OWNERS } from './open-note.js';
import { queryAll } from './query.js';
import { TABLE } from './table-names.js';

/** The open records of ended processes. */
export interface OpenCalls {
  /** Marks them; returns how many. @throws DaemonError `store_busy` or `store_failed` */
  interrupt(): Promise<number>;
  /** Looks for no more of them. */
  close(): void;
}

/** A process that was not seen for so long has ended, or will write the record over when it settles the call. */
const DEAD_AFTER_MS = 120_000;
/** Clocks differ: an open record may seem older than the row that was written before it. */
const CLOCKS_MS = 60_000;
const NOTES = 'the process ended before the call did';

/** What {@link createOpenCalls} needs. */
export interface OpenCallsOptions {
  dynamo: Dynamo;
  /** This process. */
  owner: string;
  logger: Pick<Logger, 'warn'> | undefined;
}

/** Creates what finds open records of ended processes. Its timer does not keep the process alive. */
export function createOpenCalls({ dynamo, owner, logger }: OpenCallsOptions): OpenCalls {
  let lookAgain: NodeJS.Timeout | undefined;
  let closed = false;

  /** Marks one record, unless it has ended meanwhile. */
  async function mark(item: Item, of: string): Promise<boolean> {
    const conditions = createConditions();
    const { name, value, names, values } = conditions;
    const type = textOf(item[OPEN_TYPE]);
    const changes = {
      ...{ status: 'interrupted', notes: NOTES, updated_at: formatTime(Date.now()) },
      ...(type === undefined ? {} : { mcp_type: type }),
    };
    const command = new UpdateItemCommand({
      TableName: TABLE.calls,
      Key: {
        partition_key: { S: textOf(item['partition_key']) ?? '' },
        mcp_function_call_uuid: { S: textOf(item['mcp_function_call_uuid']) ?? '' },
      },
      UpdateExpression: `SET ${Object.entries(changes)
        .map(([attribute, text]) => `${name(attribute)} = ${value({ S: text })}`)
        .join(', ')}`,
      ConditionExpression: `${name('owner')} = ${value({ S: of })} AND ${statusCondition('in_process', conditions)}`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    });
    try {
      await dynamo.raw(command);
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw toStoreError(error, placeOf(command));
    }
  }

  async function markAll(partition: string, of: string, since: number): Promise<number> {
    const conditions = createConditions();
    const { name, value, names, values } = conditions;
    const from = formatTime(Math.max(0, since - CLOCKS_MS));
    const request = {
      TableName: TABLE.calls,
      IndexName: 'updated_at-index',
      KeyConditionExpression: `${name('partition_key')} = ${value({ S: partition })} AND ${name('updated_at')} >= ${value({ S: from })}`,
      FilterExpression: `${name('owner')} = ${value({ S: of })} AND ${statusCondition('in_process', conditions)}`,
      ProjectionExpression: ['partition_key', 'mcp_function_call_uuid', OPEN_TYPE].map(name).join(', '),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    };
    let count = 0;
    for await (const items of queryAll(dynamo, request)) {
      await inParallel(items, 4, async (item) => {
        if (await mark(item, of)) count += 1;
      });
    }
    return count;
  }

  /** Removes the row of an ended process, unless it was written again. */
  async function forget(of: string, item: Item): Promise<void> {
    const seen = item['seen'];
    const command = new DeleteItemCommand({
      TableName: TABLE.revisions,
      Key: ownerKey(of),
      ConditionExpression: seen === undefined ? 'attribute_not_exists(#seen)' : '#seen = :seen',
      ExpressionAttributeNames: { '#seen': 'seen' },
      ...(seen === undefined ? {} : { ExpressionAttributeValues: { ':seen': seen } }),
    });
    try {
      await dynamo.raw(command);
    } catch (error) {
      if (!isConditionFailed(error)) throw toStoreError(error, placeOf(command));
    }
  }

  /** Looks for ended processes, and again later, where one may have ended just now. */
  async function interrupt(): Promise<number> {
    const request = {
      TableName: TABLE.revisions,
      KeyConditionExpression: '#p = :owners',
      ExpressionAttributeNames: { '#p': 'partition_key' },
      ExpressionAttributeValues: { ':owners': { S: OWNERS } },
      ConsistentRead: true,
    };
    let count = 0;
    let isOther = false;
    for await (const items of queryAll(dynamo, request)) {
      for (const item of items) {
        const of = textOf(item['revision_key']) ?? '';
        if (of === owner) continue;
        const seen = numberOf(item['seen']);
        if (seen !== undefined && Date.now() - seen < DEAD_AFTER_MS) {
          isOther = true;
          continue;
        }
        const since = numberOf(item['open_since']) ?? 0;
        for (const partition of item['partitions']?.SS ?? []) count += await markAll(partition, of, since);
        await forget(of, item);
      }
    }
    if (isOther && !closed) lookAgain ??= setTimeout(again, DEAD_AFTER_MS).unref();
    return count;
  }

  function again(): void {
    lookAgain = undefined;
    interrupt().then(
      (count) => {
        if (count > 0) logger?.warn({ interrupted: count }, `${count} calls were interrupted when another process ended`);
      },
      (error: unknown) => logger?.warn({ error: String(error) }, 'interrupted calls could not be looked for'),
    );
  }

  return {
    interrupt,
    close() {
      closed = true;
      clearTimeout(lookAgain);
    },
  };
}
