/**
 * Heads and histories, in `mcp-revisions`. A partition's head is one row (`head`) that has its newest entry whole; each older entry is a
 * row of its own (`log#<id>`), written before the next one replaces it in the head. So a commit is one conditional write, and a crash
 * at any step leaves the old head whole or the new one.
 *
 * The head names the entry, whose id is new for each commit. When the answer to a write is lost, the SDK's own repetition meets our
 * row and is refused: the entry in the head, or in the log, tells a lost answer from a lost race.
 */
import { randomUUID } from 'node:crypto';

import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { HistoryEntry, Page, PageQuery, PartitionHead, RevisionAction } from '@mcp-daemon/core';
import { pageLimit } from '@mcp-daemon/core';

import { isConditionFailed, toStoreError } from '../base/errors.js';
import { createConditions } from './call-filter.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import type { Item } from './codec.js';
import { numberOf, textOf } from './codec.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { formatTime, parseTime } from './dates.js';
import { queryOnce } from './query.js';
import { TABLE } from './table-names.js';

/** Heads and histories of all partitions. */
export interface Heads {
  head(partition: string): Promise<PartitionHead | undefined>;
  /** Whether this entry is the head's, or was. The head, if so. */
  served(partition: string, entry: string): Promise<PartitionHead | undefined>;
  /** Makes an entry the head's, if its parent is. Undefined: another came first. */
  flip(partition: string, entry: HistoryEntry): Promise<PartitionHead | undefined>;
  touch(partition: string): Promise<PartitionHead>;
  history(partition: string, query: PageQuery): Promise<Page<HistoryEntry>>;
}

/** The key of a head's row. */
export const HEAD_KEY = 'head';
const keyOf = (partition: string, name: string): Item => ({ partition_key: { S: partition }, revision_key: { S: name } });
const logKey = (id: string): string => `log#${id}`;

/** The members of an entry, by the names of their attributes. */
function encodeEntry(entry: HistoryEntry): Item {
  const item: Item = {
    entry_id: { S: entry.id },
    revision: { S: entry.revision },
    action: { S: entry.action },
    author: { S: entry.author },
    created_at: { S: formatTime(entry.created_at) },
    functions: { N: String(entry.functions) },
  };
  if (entry.parent !== null) item['parent'] = { S: entry.parent };
  if (entry.note !== null) item['note'] = { S: entry.note };
  if (entry.source !== null) item['source'] = { S: entry.source };
  return item;
}

const OPTIONAL = ['parent', 'note', 'source'];

const decodeEntry = (item: Item): HistoryEntry => ({
  id: textOf(item['entry_id']) ?? '',
  parent: textOf(item['parent']) ?? null,
  revision: textOf(item['revision']) ?? '',
  action: (textOf(item['action']) ?? 'apply') as RevisionAction,
  author: textOf(item['author']) ?? '',
  note: textOf(item['note']) ?? null,
  source: textOf(item['source']) ?? null,
  created_at: parseTime(textOf(item['created_at'])) ?? 0,
  functions: numberOf(item['functions']) ?? 0,
});

/** A head of its row. */
export const decodeHead = (item: Item): PartitionHead => ({
  entry: textOf(item['entry_id']) ?? null,
  revision: textOf(item['revision']) ?? null,
  version: textOf(item['version']) ?? '',
});

/** Creates the store of heads. */
export function createHeads(dynamo: Dynamo): Heads {
  async function read(partition: string, name: string): Promise<Item | undefined> {
    if (partition === '') return undefined;
    const command = new GetItemCommand({ TableName: TABLE.revisions, Key: keyOf(partition, name), ConsistentRead: true });
    return (await dynamo.send(command)).Item;
  }

  /** Writes an entry of the history. It was served, so it may be written any number of times. */
  async function log(partition: string, entry: HistoryEntry): Promise<void> {
    const item = { ...keyOf(partition, logKey(entry.id)), ...encodeEntry(entry) };
    await dynamo.send(new PutItemCommand({ TableName: TABLE.revisions, Item: item }));
  }

  async function served(partition: string, entry: string): Promise<PartitionHead | undefined> {
    const item = await read(partition, HEAD_KEY);
    if (item === undefined) return undefined;
    const head = decodeHead(item);
    if (head.entry === entry) return head;
    return (await read(partition, logKey(entry))) === undefined ? undefined : head;
  }

  return {
    async head(partition) {
      const item = await read(partition, HEAD_KEY);
      return item === undefined ? undefined : decodeHead(item);
    },
    served,
    async flip(partition, entry) {
      const before = await read(partition, HEAD_KEY);
      if ((textOf(before?.['entry_id']) ?? null) !== entry.parent) return served(partition, entry.id);
      if (before !== undefined && entry.parent !== null) await log(partition, decodeEntry(before));
      const conditions = createConditions();
      const { name, value, names, values } = conditions;
      const version = randomUUID();
      const item: Item = { ...encodeEntry(entry), version: { S: version } };
      const set = Object.entries(item).map(([attribute, found]) => `${name(attribute)} = ${value(found)}`);
      const gone = OPTIONAL.filter((attribute) => item[attribute] === undefined).map(name);
      const id = name('entry_id');
      const command = new UpdateItemCommand({
        TableName: TABLE.revisions,
        Key: keyOf(partition, HEAD_KEY),
        UpdateExpression: `SET ${set.join(', ')}${gone.length === 0 ? '' : ` REMOVE ${gone.join(', ')}`}`,
        ConditionExpression: entry.parent === null ? `attribute_not_exists(${id})` : `${id} = ${value({ S: entry.parent })}`,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      });
      try {
        await dynamo.raw(command);
        return { entry: entry.id, revision: entry.revision, version };
      } catch (error) {
        if (isConditionFailed(error)) return served(partition, entry.id);
        throw toStoreError(error, placeOf(command));
      }
    },
    async touch(partition) {
      // A new text each time: repeating the write is harmless.
      const command = new UpdateItemCommand({
        TableName: TABLE.revisions,
        Key: keyOf(partition, HEAD_KEY),
        UpdateExpression: 'SET #version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': { S: randomUUID() } },
        ReturnValues: 'ALL_NEW',
      });
      return decodeHead((await dynamo.send(command)).Attributes ?? {});
    },
    async history(partition, query) {
      const limit = pageLimit(query);
      const seal = sealOf('history', partition);
      const [after] = query.cursor === undefined ? [] : fromPlaceCursor(seal, query.cursor, 1);
      if (partition === '') return { items: [] };
      const entries: HistoryEntry[] = [];
      if (after === undefined) {
        const head = await read(partition, HEAD_KEY);
        if (head?.['entry_id'] !== undefined) entries.push(decodeEntry(head));
      }
      let next: Item | undefined = after === undefined ? undefined : keyOf(partition, logKey(after));
      do {
        const answer = await queryOnce(dynamo, {
          TableName: TABLE.revisions,
          KeyConditionExpression: '#p = :p AND begins_with(#k, :k)',
          ExpressionAttributeNames: { '#p': 'partition_key', '#k': 'revision_key' },
          ExpressionAttributeValues: { ':p': { S: partition }, ':k': { S: logKey('') } },
          ScanIndexForward: false,
          ConsistentRead: true,
          Limit: limit + 1,
          ...(next === undefined ? {} : { ExclusiveStartKey: next }),
        });
        const [first] = entries;
        entries.push(...answer.items.map(decodeEntry).filter(({ id }) => id !== first?.id));
        next = answer.next;
      } while (next !== undefined && entries.length <= limit);
      const page: Page<HistoryEntry> = { items: entries.slice(0, limit) };
      const last = page.items.at(-1);
      if (last !== undefined && entries.length > limit) page.cursor = toPlaceCursor(seal, [last.id]);
      return page;
    },
  };
}
