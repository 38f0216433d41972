/**
 * The values of state entries: in their row where they fit, compressed from 16 KB on. Larger ones are in the blob store or, where there is
 * none, in rows of their own, 350 KB each. They are written first, under the version of their entry, which is new for each write: so a
 * row always names a whole value. Rows of parts expire with their entry. A blob's key has the day after which it is not needed, so that
 * what a crash leaves behind can be removed without reading any row.
 */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { inParallel } from '../base/pacing.js';
import { writeAll } from './batch.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { numberOf, textOf } from './codec.js';
import { PARTS } from './partition-name.js';
import { queryAll } from './query.js';
import { TABLE, TTL_ATTRIBUTE } from './table-names.js';

/** Values of entries. All methods throw DaemonError `store_busy` or `store_failed`. */
export interface StateValues {
  /** The attributes of a row that has this value. Writes what does not fit. */
  encode(partition: string, version: string, value: string, expires_at: number | null): Promise<Item>;
  /** The value of a row; undefined: it was replaced or removed since the row was read. */
  decode(partition: string, item: Item): Promise<string | undefined>;
  /** Removes what a row had outside; nothing where all is in the row. */
  remove(partition: string, item: Item): Promise<void>;
}

/** The attributes of a value. */
export const VALUE_ATTRIBUTES = ['value', 'bytes', 'parts', 'blob'] as const;

/** The folder of values in the blob store. */
export const STATE_FOLDER = 'mcp_state';

const COMPRESS_BYTES = 16_384;
const ROW_BYTES = 350_000;
const PARTS_AT_ONCE = 4;
const zip = promisify(gzip);
const unzip = promisify(gunzip);

const partKey = (partition: string, version: string, index: number): Item => ({
  partition_key: { S: PARTS + partition },
  state_key: { S: `${version}#${String(index).padStart(5, '0')}` },
});

/** The attribute by which DynamoDB removes an entry: seconds since 1970, never too early. */
export const expiryOf = (expires_at: number | null): Item =>
  expires_at === null ? {} : { [TTL_ATTRIBUTE]: { N: String(Math.max(0, Math.ceil(expires_at / 1_000))) } };

/** The folder of a blob: the day on which its entry expires, in UTC. */
export function dayOf(expires_at: number | null): string {
  const day = expires_at === null ? NaN : new Date(expires_at).getTime();
  return Number.isNaN(day) ? 'never' : new Date(day).toISOString().slice(0, 10);
}

/** Creates the store of values. */
export function createStateValues(dynamo: Dynamo, blobs: BlobStore | undefined): StateValues {
  async function writeParts(partition: string, version: string, bytes: Buffer, expiry: Item): Promise<number> {
    const count = Math.ceil(bytes.length / ROW_BYTES);
    await inParallel([...Array(count).keys()], PARTS_AT_ONCE, async (index) => {
      const part = bytes.subarray(index * ROW_BYTES, (index + 1) * ROW_BYTES);
      const Item = { ...partKey(partition, version, index), ...expiry, bytes: { B: part } };
      await dynamo.send(new PutItemCommand({ TableName: TABLE.state, Item }));
    });
    return count;
  }

  async function readParts(partition: string, version: string, count: number): Promise<Buffer | undefined> {
    const found: Uint8Array[] = [];
    const request = {
      TableName: TABLE.state,
      KeyConditionExpression: '#p = :p AND begins_with(#k, :k)',
      ExpressionAttributeNames: { '#p': 'partition_key', '#k': 'state_key' },
      ExpressionAttributeValues: { ':p': { S: PARTS + partition }, ':k': { S: `${version}#` } },
      ConsistentRead: true,
    };
    for await (const items of queryAll(dynamo, request)) {
      for (const { bytes } of items) if (bytes?.B !== undefined) found.push(bytes.B);
    }
    return found.length === count ? Buffer.concat(found) : undefined;
  }

  async function outside(partition: string, item: Item): Promise<Uint8Array | undefined> {
    const blob = textOf(item['blob']);
    if (blob === undefined) return readParts(partition, textOf(item['version']) ?? '', numberOf(item['parts']) ?? 0);
    if (blobs === undefined)
      throw new DaemonError('store_failed', 'A value of the table mcp-state is in a bucket: set FUNCT_BUCKET_NAME to read it.');
    return blobs.get(blob);
  }

  return {
    async encode(partition, version, value, expires_at) {
      if (Buffer.byteLength(value) <= COMPRESS_BYTES) return { value: { S: value } };
      const bytes = await zip(Buffer.from(value, 'utf8'));
      if (bytes.length <= ROW_BYTES) return { bytes: { B: bytes } };
      if (blobs === undefined) return { parts: { N: String(await writeParts(partition, version, bytes, expiryOf(expires_at))) } };
      const blob = `${STATE_FOLDER}/${dayOf(expires_at)}/${version}.gz`;
      await blobs.put(blob, bytes);
      return { blob: { S: blob } };
    },
    async decode(partition, item) {
      const text = textOf(item['value']);
      if (text !== undefined) return text;
      const bytes = item['bytes']?.B ?? (await outside(partition, item));
      if (bytes === undefined) return undefined;
      try {
        return (await unzip(bytes)).toString('utf8');
      } catch (cause) {
        throw new DaemonError('store_failed', 'A value of the table mcp-state is damaged.', { cause });
      }
    },
    async remove(partition, item) {
      const blob = textOf(item['blob']);
      if (blob !== undefined) await blobs?.delete(blob);
      const version = textOf(item['version']) ?? '';
      const count = numberOf(item['parts']) ?? 0;
      const requests = Array.from({ length: count }, (_, index): WriteRequest => ({
        DeleteRequest: { Key: partKey(partition, version, index) },
      }));
      if (count > 0) await writeAll(dynamo, TABLE.state, requests);
    },
  };
}
