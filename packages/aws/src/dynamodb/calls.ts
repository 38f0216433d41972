/** Call records in `mcp-function_calls`. */
import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { CallQuery, CallRecord, CallStore, Logger } from '@mcp-daemon/core';
import { checkMany, DaemonError, planStatistics } from '@mcp-daemon/core';

import { backOff, inParallel, inParts } from '../base/pacing.js';
import { createConditions } from './call-filter.js';
import { callKey, decodeCall, isExpired } from './call-item.js';
import type { CallReads } from './call-list.js';
import { countItems, listItems } from './call-list.js';
import { readMany } from './call-many.js';
import { readStatistics } from './call-statistics.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { OpenCalls } from './open-calls.js';
import type { Payloads } from './payloads.js';
import { pruneCalls } from './prune.js';
import { queryOnce } from './query.js';
import type { Queue } from './queue.js';
import type { Spread } from './spread.js';
import { isSpreadKey } from './spread.js';
import { TABLE } from './table-names.js';
import { BATCH_WRITES, BATCHES_AT_ONCE } from './write-batch.js';
import type { CallWriter } from './write-calls.js';
import { writeCalls } from './write-calls.js';

/** What {@link createCalls} needs. */
export interface CallsOptions {
  dynamo: Dynamo;
  payloads: Payloads;
  open: OpenCalls;
  spread: Spread;
  /** Where records wait; undefined: `write` waits for DynamoDB. */
  queue: Queue | undefined;
  logger: Pick<Logger, 'error'> | undefined;
}

/** Milliseconds that a write goes on while DynamoDB leaves rows undone. */
const PATIENCE_MS = 10_000;
/** Blobs that are read at once for one page. */
const BLOBS_AT_ONCE = 8;
/** Requests by which the end of a uuid is looked for, and rows of each. */
const FIND_REQUESTS = 20;
const FIND_ROWS = 1_000;
/** Keys of one partition that are asked at once. */
const KEYS_AT_ONCE = 8;
/** The longest keys that DynamoDB has, in bytes. */
const LONGEST_PARTITION = 2_000; // and 48 bytes for what a spread key ends with
const LONGEST_UUID = 1_024;

const isKey = (partition: string, uuid: string): boolean =>
  partition !== '' && uuid !== '' && Buffer.byteLength(partition) <= LONGEST_PARTITION && Buffer.byteLength(uuid) <= LONGEST_UUID;

const uuidOf = (item: Item): string => textOf(item['mcp_function_call_uuid']) ?? '';

/** Writes records, and waits until DynamoDB has them all. @throws DaemonError `store_busy` or `store_failed`; then some may be written */
async function writeNow(writer: CallWriter, open: OpenCalls, spread: Spread, rows: readonly CallRecord[]): Promise<void> {
  // A batch cannot have a key twice: the later one counts.
  const newest = new Map(rows.map((row) => [`${row.partition_key}\n${row.mcp_function_call_uuid}`, row]));
  await spread.before([...newest.values()]);
  await open.before([...newest.values()]);
  const until = performance.now() + PATIENCE_MS;
  await inParallel(inParts([...newest.values()], BATCH_WRITES), BATCHES_AT_ONCE, async (part) => {
    let left: CallRecord[] = part;
    for (let failures = 1; ; failures += 1) {
      const outcome = await writeCalls(writer, left);
      open.after(outcome.written);
      const [refused] = outcome.refused;
      if (refused !== undefined) throw refused.error;
      left = outcome.again;
      if (left.length === 0) return;
      if (outcome.error !== undefined && !outcome.throttled) throw outcome.error;
      if (!(await backOff(failures, until)))
        throw outcome.error ?? new DaemonError('store_busy', `DynamoDB throttles ${TABLE.calls}: try again later.`);
    }
  });
}

/** Creates the store of call records. */
export function createCalls({ dynamo, payloads, open, spread, queue, logger }: CallsOptions): CallStore {
  const writer: CallWriter = { wire: dynamo.wire, payloads };
  const reads: CallReads = { dynamo, spread };

  /** What was recorded here is seen by those who read here. */
  async function written(): Promise<void> {
    const failed = await queue?.drain();
    if (failed !== undefined) throw failed;
  }

  async function rowAt(key: string, uuid: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: TABLE.calls, Key: callKey(key, uuid), ConsistentRead: true });
    return (await dynamo.send(command)).Item;
  }

  /** A row: under the key where it is written today, else under any other. */
  async function rowOf(partition: string, uuid: string): Promise<Item | undefined> {
    const today = spread.keyOf(partition, uuid);
    let found = isSpreadKey(partition) ? undefined : await rowAt(today, uuid);
    if (found !== undefined) return found;
    const others = (await spread.keys(partition)).filter(({ key }) => key !== today);
    await inParallel(others, KEYS_AT_ONCE, async ({ key }) => {
      if (found === undefined) found = (await rowAt(key, uuid)) ?? found;
    });
    return found;
  }

  /** The records of rows. One whose payload cannot be had comes without it: a page must not fail for one row. */
  async function records(partition: string, items: readonly Item[], query: CallQuery): Promise<CallRecord[]> {
    if (query.bodies === false) return items.map((item) => ({ ...decodeCall(item, partition), arguments: null, content: null }));
    const found: CallRecord[] = [];
    await inParallel([...items.entries()], BLOBS_AT_ONCE, async ([index, item]) => {
      try {
        found[index] = await payloads.decode(item, partition);
      } catch (error) {
        if (!(error instanceof DaemonError) || error.code !== 'store_failed') throw error;
        logger?.error({ callId: uuidOf(item), error: error.message }, 'a payload cannot be read');
        found[index] = decodeCall(item, partition);
      }
    });
    return found;
  }

  /** Uuids under one key that begin with a text: along the key, which is cheap. */
  async function beginningWith(key: string, part: string, most: number): Promise<string[]> {
    const { name, value, names, values } = createConditions();
    const { items } = await queryOnce(dynamo, {
      TableName: TABLE.calls,
      ScanIndexForward: false,
      KeyConditionExpression: `${name('partition_key')} = ${value({ S: key })} AND begins_with(${name('mcp_function_call_uuid')}, ${value({ S: part })})`,
      ProjectionExpression: name('mcp_function_call_uuid'),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      Limit: most,
    });
    return items.map(uuidOf);
  }

  /** Uuids under one key that end with a text: of the newest records only, because no index knows ends. */
  async function endingWith(key: string, part: string, most: number): Promise<string[]> {
    const { name, value, names, values } = createConditions();
    const input = {
      TableName: TABLE.calls,
      IndexName: 'updated_at-index',
      ScanIndexForward: false,
      KeyConditionExpression: `${name('partition_key')} = ${value({ S: key })}`,
      FilterExpression: `contains(${name('mcp_function_call_uuid')}, ${value({ S: part })})`,
      ProjectionExpression: name('mcp_function_call_uuid'),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
      Limit: FIND_ROWS,
    };
    const found: string[] = [];
    let next: Item | undefined;
    for (let requests = 0; requests < FIND_REQUESTS; requests += 1) {
      const answer = await queryOnce(dynamo, next === undefined ? input : { ...input, ExclusiveStartKey: next });
      found.push(...answer.items.map(uuidOf).filter((uuid) => uuid.endsWith(part)));
      next = answer.next;
      if (next === undefined || found.length >= most) break;
    }
    return found;
  }

  return {
    write: queue === undefined ? (rows) => writeNow(writer, open, spread, rows) : (rows) => queue.add(rows),
    async get(partition, uuid) {
      const waiting = queue?.find(partition, uuid);
      if (waiting !== undefined) return { ...waiting };
      if (!isKey(partition, uuid)) return undefined;
      const item = await rowOf(partition, uuid);
      return item === undefined || isExpired(item, Date.now()) ? undefined : payloads.decode(item, partition);
    },
    async getMany(partition, uuids, { bodies = true } = {}) {
      checkMany(uuids);
      const waiting = new Map(uuids.map((uuid) => [uuid, queue?.find(partition, uuid)]));
      const asked = uuids.filter((uuid) => waiting.get(uuid) === undefined && isKey(partition, uuid));
      const decode = (items: readonly Item[]): Promise<CallRecord[]> => records(partition, items, { bodies });
      const stored = await readMany({ dynamo, spread, partition, uuids: asked, decode });
      return uuids.map((uuid) => {
        const row = waiting.get(uuid) ?? stored.get(uuid);
        return row && (bodies ? { ...row } : { ...row, arguments: null, content: null });
      });
    },
    async statistics(partition, query, signal) {
      planStatistics(query); // a wrong query need not wait
      await written();
      const keys = (await spread.keys(partition)).map(({ key }) => key);
      return readStatistics({ dynamo, partition, keys, query, signal });
    },
    async list(partition, query) {
      await written();
      const { items, cursor } = await listItems(reads, partition, query);
      const page = { items: await records(partition, items, query) };
      return cursor === undefined ? page : { ...page, cursor };
    },
    async count(partition, query, most = Infinity) {
      await written();
      return countItems(reads, partition, query, most);
    },
    async find(partition, part, most = 2) {
      await written();
      const text = part.toLowerCase();
      if (!isKey(partition, text)) return [];
      const keys = await spread.keys(partition);
      const found = new Set<string>();
      for (const look of [beginningWith, endingWith]) {
        await inParallel(keys, KEYS_AT_ONCE, async ({ key }) => {
          for (const uuid of await look(key, text, most)) found.add(uuid);
        });
        if (found.size >= most) break;
      }
      return [...found].sort().reverse().slice(0, most);
    },
    async delete(partition, uuid) {
      await written();
      if (!isKey(partition, uuid)) return false;
      let deleted = false;
      await inParallel(await spread.keys(partition), KEYS_AT_ONCE, async ({ key }) => {
        const { Attributes: item } = await dynamo.send(
          new DeleteItemCommand({ TableName: TABLE.calls, Key: callKey(key, uuid), ReturnValues: 'ALL_OLD' }),
        );
        if (item === undefined) return;
        await payloads.remove(item); // its row is gone: a blob that is left over is never read
        if (!isExpired(item, Date.now())) deleted = true;
      });
      return deleted;
    },
    async interrupt() {
      await written();
      return open.interrupt();
    },
    async prune(partition, keep) {
      await written();
      return pruneCalls({ dynamo, payloads, spread, partition, keep });
    },
  };
}
