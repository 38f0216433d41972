/** The catalogs of partitions: the rows of the Python engine's tables, and revisions in `mcp-revisions`. */
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore, CatalogStore, Page, PageQuery, PartitionHead, StoredPartition } from '@mcp-daemon/core';
import { compareText, DaemonError, pageLimit } from '@mcp-daemon/core';

import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { createHeads, decodeHead, HEAD_KEY } from './heads.js';
import { checkPartition, RESERVED } from './partition-name.js';
import { listSettings, readCatalogRows, readSetting, removeSetting, writeCatalogRows, writeSetting } from './rows.js';
import { TABLE } from './table-names.js';
import { createTexts } from './texts.js';

/** Attributes that are read of each row, while partitions are looked for. */
interface Look {
  table: string;
  attributes: readonly string[];
  filter?: { attribute: string; text: string };
}

async function* scan(dynamo: Dynamo, { table, attributes, filter }: Look): AsyncGenerator<Item, void, undefined> {
  let next: Item | undefined;
  do {
    const output = await dynamo.send(
      new ScanCommand({
        TableName: table,
        ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
        ExpressionAttributeNames: Object.fromEntries(
          [...attributes, ...(filter === undefined ? [] : [filter.attribute])].map((name) => [`#${name}`, name]),
        ),
        ...(filter === undefined
          ? {}
          : { FilterExpression: `#${filter.attribute} = :text`, ExpressionAttributeValues: { ':text': { S: filter.text } } }),
        ConsistentRead: true,
        ...(next === undefined ? {} : { ExclusiveStartKey: next }),
      }),
    );
    yield* output.Items ?? [];
    next = output.LastEvaluatedKey;
  } while (next !== undefined);
}

/** All partitions: reads three whole tables. For administrators only. */
async function allPartitions(dynamo: Dynamo): Promise<Map<string, PartitionHead | undefined>> {
  const found = new Map<string, PartitionHead | undefined>();
  for (const table of [TABLE.functions, TABLE.modules]) {
    for await (const item of scan(dynamo, { table, attributes: ['partition_key'] }))
      found.set(textOf(item['partition_key']) ?? '', undefined);
  }
  const filter = { attribute: 'revision_key', text: HEAD_KEY };
  const attributes = ['partition_key', 'entry_id', 'revision', 'version'];
  for await (const item of scan(dynamo, { table: TABLE.revisions, attributes, filter })) {
    const partition = textOf(item['partition_key']) ?? '';
    if (!RESERVED.has(partition)) found.set(partition, decodeHead(item));
  }
  return found;
}

/** Creates the store of catalogs. */
export function createCatalogs(dynamo: Dynamo, blobs: BlobStore | undefined, refuse: () => void): CatalogStore {
  const heads = createHeads(dynamo);
  const texts = createTexts(dynamo, blobs);

  return {
    async partitions(query: PageQuery = {}) {
      refuse();
      const limit = pageLimit(query);
      const seal = sealOf('partitions');
      const [after] = query.cursor === undefined ? [] : fromPlaceCursor(seal, query.cursor, 1);
      const all = [...(await allPartitions(dynamo))].sort(([a], [b]) => compareText(a, b));
      const left = after === undefined ? all : all.filter(([partition]) => compareText(partition, after) > 0);
      const page: Page<StoredPartition> = { items: left.slice(0, limit).map(([partition, head]) => ({ partition, head })) };
      const last = page.items.at(-1);
      if (last !== undefined && left.length > limit) page.cursor = toPlaceCursor(seal, [last.partition]);
      return page;
    },
    async head(partition) {
      refuse();
      return heads.head(partition);
    },
    async commit(partition, { entry, text }) {
      refuse();
      checkPartition(partition);
      const before = await heads.head(partition);
      if ((before?.entry ?? null) !== entry.parent) return heads.served(partition, entry.id);
      if (text !== undefined) await texts.put(partition, entry.revision, text);
      else if (!(await texts.has(partition, entry.revision)))
        throw new DaemonError('usage', `The text of the revision ${entry.revision} is not known.`);
      return heads.flip(partition, entry);
    },
    async touch(partition) {
      refuse();
      return heads.touch(checkPartition(partition));
    },
    async text(partition, revision) {
      refuse();
      return partition === '' ? undefined : texts.get(partition, revision);
    },
    async history(partition, query = {}) {
      refuse();
      return heads.history(partition, query);
    },
    async rows(partition) {
      refuse();
      return readCatalogRows(dynamo, partition);
    },
    async writeRows(partition, changes, author) {
      refuse();
      await writeCatalogRows(dynamo, checkPartition(partition), changes, author);
    },
    async setting(partition, id) {
      refuse();
      return readSetting(dynamo, partition, id);
    },
    async settings(partition, query = {}) {
      refuse();
      return listSettings(dynamo, partition, query);
    },
    async putSetting(partition, row, author) {
      refuse();
      await writeSetting(dynamo, checkPartition(partition), row, author);
    },
    async deleteSetting(partition, id) {
      refuse();
      return removeSetting(dynamo, partition, id);
    },
  };
}
