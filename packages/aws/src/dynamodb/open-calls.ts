/**
 * Which processes have open call records, and since when: so that records of ended processes are found without reading a whole table.
 *
 * A process that has open records keeps one small row in `mcp-revisions` (partition `#owners`): when it was last seen alive, since when
 * its oldest open record is open, and under which keys of records. The row is written before the first open record is, then every ten seconds
 * while there are any, and removed after the last: no call pays for it. Whoever finds such a row two minutes old reads those
 * keys from that time on, and marks what is still open.
 */
import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { CallRecord, Logger } from '@mcp-daemon/core';

import { isConditionFailed, toStoreError } from '../base/errors.js';
import { inParallel } from '../base/pacing.js';
import { createConditions, statusCondition } from './call-filter.js';
import { OPEN_TYPE } from './call-item.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import type { Item } from './codec.js';
import { numberOf, textOf } from './codec.js';
import { formatTime } from './dates.js';
import { queryAll } from './query.js';
import type { Spread } from './spread.js';
import { TABLE } from './table-names.js';

/** The open records of this process, and those of ended ones. */
export interface OpenCalls {
  /** Before rows are written: notes those that are open. @throws DaemonError `store_busy` or `store_failed` */
  before(rows: readonly CallRecord[]): Promise<void>;
  /** After rows were written: forgets those that have ended. */
  after(rows: readonly CallRecord[]): void;
  /** Marks the open records of ended processes; returns how many. @throws DaemonError `store_busy` or `store_failed` */
  interrupt(): Promise<number>;
  /** Ends the heartbeat, and removes this process's row where nothing is open. Never rejects. */
  close(): Promise<void>;
}

/** The partition of the rows of processes. A partition of the daemon begins with the id of an endpoint. */
export const OWNERS = '#owners';
const HEARTBEAT_MS = 10_000;
/** A process that was not seen for so long has ended, or will write the record over when it settles the call. */
const DEAD_AFTER_MS = 120_000;
/** Clocks differ: an open record may seem older than the row that was written before it. */
const CLOCKS_MS = 60_000;
const NOTES = 'the process ended before the call did';

const keyOf = (row: CallRecord): string => `${row.partition_key}\n${row.mcp_function_call_uuid}`;
const ownerKey = (owner: string): Item => ({ partition_key: { S: OWNERS }, revision_key: { S: owner } });

/** What {@link createOpenCalls} needs. */
export interface OpenCallsOptions {
  dynamo: Dynamo;
  /** This process. */
  owner: string;
  logger: Pick<Logger, 'warn'> | undefined;
  /** The `partition_key` of a record's row. */
  keyOf: Spread['keyOf'];
}

/** Creates the note of open records. The heartbeat does not keep the process alive. */
export function createOpenCalls({ dynamo, owner, logger, keyOf: rowKeyOf }: OpenCallsOptions): OpenCalls {
  /** When each open record was written, by its key. */
  const open = new Map<string, CallRecord>();
  /** Keys of partitions' records that the stored row names; empty where there is no row. */
  let noted = new Set<string>();
  let heartbeat: NodeJS.Timeout | undefined;
  let lookAgain: NodeJS.Timeout | undefined;
  let closed = false;
  let writing: Promise<void> = Promise.resolve();

  const keyOfRow = (row: CallRecord): string => rowKeyOf(row.partition_key, row.mcp_function_call_uuid);

  /** Writes the row of this process as things are now. One at a time, so that an older one never lands on a newer. */
  function note(): Promise<void> {
    const next = writing.then(async () => {
      if (open.size === 0) {
        if (noted.size === 0) return;
        await dynamo.send(new DeleteItemCommand({ TableName: TABLE.revisions, Key: ownerKey(owner) }));
        noted = new Set();
        return;
      }
      const partitions = new Set([...open.values()].map(keyOfRow));
      const since = Math.min(...[...open.values()].map((row) => row.updated_at));
      await dynamo.send(
        new PutItemCommand({
          TableName: TABLE.revisions,
          Item: {
            ...ownerKey(owner),
            seen: { N: String(Date.now()) },
            open_since: { N: String(since) },
            partitions: { SS: [...partitions] },
          },
        }),
      );
      noted = partitions;
    });
    writing = next.catch(() => undefined);
    return next;
  }

  function beat(): void {
    heartbeat ??= setInterval(() => {
      if (open.size === 0 && noted.size === 0) {
        clearInterval(heartbeat);
        heartbeat = undefined;
        return;
      }
      note().catch((error: unknown) =>
        logger?.warn({ error: String(error) }, 'the heartbeat of open calls could not be written'),
      );
    }, HEARTBEAT_MS).unref();
  }

  /** Notes open records of a process that is not this one, as where records are copied. */
  async function noteOther(row: CallRecord): Promise<void> {
    const command = new UpdateItemCommand({
      TableName: TABLE.revisions,
      Key: ownerKey(row.owner),
      UpdateExpression: 'ADD #partitions :partition SET #since = if_not_exists(#since, :since)',
      ExpressionAttributeNames: { '#partitions': 'partitions', '#since': 'open_since' },
      ExpressionAttributeValues: { ':partition': { SS: [keyOfRow(row)] }, ':since': { N: String(row.updated_at) } },
    });
    await dynamo.send(command);
    const older = new UpdateItemCommand({
      TableName: TABLE.revisions,
      Key: ownerKey(row.owner),
      UpdateExpression: 'SET #since = :since',
      ConditionExpression: '#since > :since',
      ExpressionAttributeNames: { '#since': 'open_since' },
      ExpressionAttributeValues: { ':since': { N: String(row.updated_at) } },
    });
    try {
      await dynamo.raw(older);
    } catch (error) {
      if (!isConditionFailed(error)) throw toStoreError(error, placeOf(older));
    }
  }

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
    async before(rows) {
      const others = new Map<string, CallRecord>();
      let isNew = false;
      for (const row of rows) {
        if (row.status !== 'in_process') continue;
        if (row.owner === owner || row.owner === '') {
          open.set(keyOf(row), row);
          isNew = isNew || !noted.has(keyOfRow(row));
          continue;
        }
        const key = `${row.owner}\n${keyOfRow(row)}`;
        const known = others.get(key);
        if (known === undefined || known.updated_at > row.updated_at) others.set(key, row);
      }
      if (isNew) {
        beat();
        await note();
      }
      await inParallel([...others.values()], 4, noteOther);
    },
    after(rows) {
      if (open.size === 0) return;
      for (const row of rows) if (row.status !== 'in_process') open.delete(keyOf(row));
    },
    interrupt,
    async close() {
      closed = true;
      clearTimeout(lookAgain);
      clearInterval(heartbeat);
      heartbeat = undefined;
      await note().catch((error: unknown) =>
        logger?.warn({ error: String(error) }, 'the note of open calls could not be removed; the next start looks for them'),
      );
    },
  };
}
