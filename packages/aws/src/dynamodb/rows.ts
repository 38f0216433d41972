/** The rows of a partition's catalog and its settings: reading, writing, listing. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { BadRow, CatalogRows, PageQuery, RowChanges, SettingPage, SettingRow } from '@mcp-daemon/core';
import { compareText, DaemonError, pageLimit } from '@mcp-daemon/core';

import { inParallel } from '../base/pacing.js';
import { readAll, writeAll } from './batch.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { sizeOfItem, textOf } from './codec.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { queryAll, queryOnce } from './query.js';
import type { Attributes } from './row-items.js';
import {
  decodeFunction,
  decodeModule,
  decodeSetting,
  encodeFunction,
  encodeModule,
  encodeSetting,
  merged,
  UnreadableRow,
} from './row-items.js';
import { TABLE } from './table-names.js';

/** Rows that are read and written back at once. */
const ROWS_AT_ONCE = 200;
/** A row of a table with one local index can have 200 KB, one of `mcp-settings` 400 KB. */
const LARGEST_ROW = { [TABLE.functions]: 200_000, [TABLE.modules]: 200_000, [TABLE.settings]: 390_000 };
type RowTable = keyof typeof LARGEST_ROW;

const RANGE: Readonly<Record<RowTable, string>> = {
  [TABLE.functions]: 'name',
  [TABLE.modules]: 'module_name',
  [TABLE.settings]: 'setting_id',
};

const keyOf = (table: RowTable, partition: string, name: string): Item => ({
  partition_key: { S: partition },
  [RANGE[table]]: { S: name },
});

const partitionQuery = (table: RowTable, partition: string): Parameters<typeof queryOnce>[1] => ({
  TableName: table,
  KeyConditionExpression: '#p = :p',
  ExpressionAttributeNames: { '#p': 'partition_key' },
  ExpressionAttributeValues: { ':p': { S: partition } },
  ConsistentRead: true,
});

/** Decodes rows; those that cannot be read are added to `bad`. */
function decodeAll<T>(table: RowTable, items: readonly Item[], decode: (item: Item) => T, bad: BadRow[]): T[] {
  const rows: T[] = [];
  for (const item of items) {
    try {
      rows.push(decode(item));
    } catch (error) {
      if (!(error instanceof UnreadableRow)) throw error;
      bad.push({ row: `${table}/${textOf(item[RANGE[table]]) ?? ''}`, reason: error.message });
    }
  }
  return rows;
}

async function readRows<T>(
  dynamo: Dynamo,
  table: RowTable,
  partition: string,
  decode: (item: Item) => T,
  bad: BadRow[],
): Promise<T[]> {
  const rows: T[] = [];
  for await (const items of queryAll(dynamo, partitionQuery(table, partition)))
    rows.push(...decodeAll(table, items, decode, bad));
  return rows;
}

/** The rows of a partition. DynamoDB sorts them by the bytes of their keys. */
export async function readCatalogRows(dynamo: Dynamo, partition: string): Promise<CatalogRows> {
  if (partition === '') return { functions: [], modules: [], bad: [] };
  const bad: BadRow[] = [];
  const [functions, modules] = await Promise.all([
    readRows(dynamo, TABLE.functions, partition, decodeFunction, bad),
    readRows(dynamo, TABLE.modules, partition, decodeModule, bad),
  ]);
  return { functions, modules, bad: bad.sort((a, b) => compareText(a.row, b.row)) };
}

/** Writes rows of one table: attributes that are not ours, and the time of their making, stay. */
async function putRows(
  dynamo: Dynamo,
  table: RowTable,
  partition: string,
  rows: ReadonlyMap<string, Attributes>,
  author: string,
): Promise<void> {
  const names = [...rows.keys()];
  for (let index = 0; index < names.length; index += ROWS_AT_ONCE) {
    const part = names.slice(index, index + ROWS_AT_ONCE);
    const before = new Map<string, Item>();
    for (const item of await readAll(
      dynamo,
      table,
      part.map((name) => keyOf(table, partition, name)),
    ))
      before.set(textOf(item[RANGE[table]]) ?? '', item);
    const now = Date.now();
    const requests = part.map((name): WriteRequest => {
      const Item = merged(before.get(name), keyOf(table, partition, name), rows.get(name) ?? {}, author, now);
      const size = sizeOfItem(Item);
      if (size > LARGEST_ROW[table])
        throw new DaemonError(
          'store_failed',
          `The row ${table}/${name} has ${size} bytes: DynamoDB takes at most ${LARGEST_ROW[table]} there.`,
        );
      return { PutRequest: { Item } };
    });
    await writeAll(dynamo, table, requests);
  }
}

async function deleteRows(dynamo: Dynamo, table: RowTable, partition: string, names: readonly string[]): Promise<void> {
  await writeAll(
    dynamo,
    table,
    [...new Set(names)].map((name): WriteRequest => ({ DeleteRequest: { Key: keyOf(table, partition, name) } })),
  );
}

/** Writes and removes rows of a partition; one that is both is written. */
export async function writeCatalogRows(dynamo: Dynamo, partition: string, changes: RowChanges, author: string): Promise<void> {
  const { putFunctions = [], deleteFunctions = [], putModules = [], deleteModules = [] } = changes;
  const functions = new Map(putFunctions.map((row) => [row.name, encodeFunction(row)]));
  const modules = new Map(putModules.map((row) => [row.module_name, encodeModule(row)]));
  const work: (() => Promise<void>)[] = [
    () => putRows(dynamo, TABLE.functions, partition, functions, author),
    () => putRows(dynamo, TABLE.modules, partition, modules, author),
    () =>
      deleteRows(
        dynamo,
        TABLE.functions,
        partition,
        deleteFunctions.filter((name) => name !== '' && !functions.has(name)),
      ),
    () =>
      deleteRows(
        dynamo,
        TABLE.modules,
        partition,
        deleteModules.filter((name) => name !== '' && !modules.has(name)),
      ),
  ];
  await inParallel(work, work.length, (step) => step());
}

/** One setting, or undefined. */
export async function readSetting(dynamo: Dynamo, partition: string, id: string): Promise<SettingRow | undefined> {
  if (partition === '' || id === '') return undefined;
  const { Item: item } = await dynamo.send(
    new GetItemCommand({ TableName: TABLE.settings, Key: keyOf(TABLE.settings, partition, id), ConsistentRead: true }),
  );
  return item === undefined ? undefined : setting(item);
}

/** Decodes a setting. Throws for one that cannot be read: a class must not be built without its setting. */
function setting(item: Item): SettingRow {
  try {
    return decodeSetting(item);
  } catch (error) {
    if (!(error instanceof UnreadableRow)) throw error;
    throw new DaemonError('store_failed', `The setting ${textOf(item['setting_id']) ?? ''} cannot be read: ${error.message}.`);
  }
}

/** Writes a setting. */
export async function writeSetting(
  dynamo: Dynamo,
  partition: string,
  row: Pick<SettingRow, 'setting_id' | 'setting'>,
  author: string,
): Promise<void> {
  await putRows(dynamo, TABLE.settings, partition, new Map([[row.setting_id, encodeSetting(row)]]), author);
}

/** Removes a setting. @returns whether there was one */
export async function removeSetting(dynamo: Dynamo, partition: string, id: string): Promise<boolean> {
  if (partition === '' || id === '') return false;
  const command = new DeleteItemCommand({
    TableName: TABLE.settings,
    Key: keyOf(TABLE.settings, partition, id),
    ReturnValues: 'ALL_OLD',
  });
  return (await dynamo.send(command)).Attributes !== undefined;
}

/** A page of settings, by id; rows that cannot be read are named. */
export async function listSettings(dynamo: Dynamo, partition: string, query: PageQuery): Promise<SettingPage> {
  const limit = pageLimit(query);
  const seal = sealOf('settings', partition);
  const [after] = query.cursor === undefined ? [] : fromPlaceCursor(seal, query.cursor, 1);
  if (partition === '') return { items: [] };
  const items: Item[] = [];
  let next: Item | undefined = after === undefined ? undefined : keyOf(TABLE.settings, partition, after);
  do {
    const input = { ...partitionQuery(TABLE.settings, partition), Limit: limit + 1 - items.length };
    const answer = await queryOnce(dynamo, next === undefined ? input : { ...input, ExclusiveStartKey: next });
    items.push(...answer.items);
    next = answer.next;
  } while (next !== undefined && items.length <= limit);
  const shown = items.slice(0, limit);
  const bad: BadRow[] = [];
  const page: SettingPage = { items: decodeAll(TABLE.settings, shown, decodeSetting, bad) };
  if (bad.length > 0) page.bad = bad;
  const last = textOf(shown.at(-1)?.['setting_id']);
  if (last !== undefined && items.length > limit) page.cursor = toPlaceCursor(seal, [last]);
  return page;
}
