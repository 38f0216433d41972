/**
 * The texts of revisions, immutable and by their SHA-256: compressed, in `mcp-revisions` in parts of 350 KB, or in the blob store where
 * there are more than four. The row that lists the parts is written last: where it is, they are.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { inParallel } from '../base/pacing.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { numberOf, truthOf } from './codec.js';
import { queryAll } from './query.js';
import { TABLE } from './table-names.js';

/** The texts of all partitions. */
export interface Texts {
  /** Whether a partition has this text. */
  has(partition: string, revision: string): Promise<boolean>;
  /** Writes a text; does nothing where it is there. @throws DaemonError `usage` where the text has another digest */
  put(partition: string, revision: string, text: string): Promise<void>;
  /** A text, or undefined. @throws DaemonError `store_failed` where it was changed, or a part of it is gone */
  get(partition: string, revision: string): Promise<string | undefined>;
}

const PART_BYTES = 350_000;
const MAX_PARTS = 4;
/** Parts that are written at once. */
const PARTS_AT_ONCE = 4;
const zip = promisify(gzip);
const unzip = promisify(gunzip);

const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

const keyOf = (partition: string, name: string): Item => ({ partition_key: { S: partition }, revision_key: { S: name } });
const listKey = (revision: string): string => `text#${revision}`;
const partKey = (revision: string, index: number): string => `part#${revision}#${String(index).padStart(5, '0')}`;

/** Where the blob of a text is. Partitions share none: the digest of one's name is in the key. */
const blobKey = (partition: string, revision: string): string =>
  `mcp_revisions/${digestOf(partition).slice(0, 32)}/${revision}.json.gz`;

/** Creates the store of texts. */
export function createTexts(dynamo: Dynamo, blobs: BlobStore | undefined): Texts {
  async function list(partition: string, revision: string): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: TABLE.revisions,
      Key: keyOf(partition, listKey(revision)),
      ConsistentRead: true,
    });
    return (await dynamo.send(command)).Item;
  }

  const write = async (item: Item): Promise<void> => {
    await dynamo.send(new PutItemCommand({ TableName: TABLE.revisions, Item: item }));
  };

  async function parts(partition: string, revision: string): Promise<Uint8Array[]> {
    const found: Uint8Array[] = [];
    const request = {
      TableName: TABLE.revisions,
      KeyConditionExpression: '#p = :p AND begins_with(#k, :k)',
      ExpressionAttributeNames: { '#p': 'partition_key', '#k': 'revision_key' },
      ExpressionAttributeValues: { ':p': { S: partition }, ':k': { S: `part#${revision}#` } },
      ConsistentRead: true,
    };
    for await (const items of queryAll(dynamo, request)) {
      for (const item of items) if (item['bytes']?.B !== undefined) found.push(item['bytes'].B);
    }
    return found;
  }

  async function read(partition: string, revision: string, item: Item): Promise<Uint8Array | undefined> {
    if (truthOf(item['in_blob']) !== true) return Buffer.concat(await parts(partition, revision));
    if (blobs === undefined)
      throw new DaemonError('store_failed', `The revision ${revision} is in a bucket: set FUNCT_BUCKET_NAME to read it.`);
    return blobs.get(blobKey(partition, revision));
  }

  return {
    async has(partition, revision) {
      return (await list(partition, revision)) !== undefined;
    },
    async put(partition, revision, text) {
      if (digestOf(text) !== revision)
        throw new DaemonError('usage', `The text of the revision ${revision} has another SHA-256.`);
      if ((await list(partition, revision)) !== undefined) return;
      const bytes = await zip(Buffer.from(text, 'utf8'));
      const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
      const inBlob = count > MAX_PARTS && blobs !== undefined;
      if (inBlob) await blobs.put(blobKey(partition, revision), bytes);
      else {
        await inParallel([...Array(count).keys()], PARTS_AT_ONCE, (index) =>
          write({
            ...keyOf(partition, partKey(revision, index)),
            bytes: { B: bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES) },
          }),
        );
      }
      await write({
        ...keyOf(partition, listKey(revision)),
        parts: { N: String(inBlob ? 0 : count) },
        in_blob: { BOOL: inBlob },
        encoding: { S: 'gzip' },
      });
    },
    async get(partition, revision) {
      const item = await list(partition, revision);
      if (item === undefined) return undefined;
      const bytes = await read(partition, revision, item);
      if (bytes === undefined || (bytes.length === 0 && numberOf(item['parts']) !== 0))
        throw new DaemonError('store_failed', `The text of the revision ${revision} is gone.`);
      let text: string;
      try {
        text = (await unzip(bytes)).toString('utf8');
      } catch (cause) {
        throw new DaemonError('store_failed', `The text of the revision ${revision} is damaged.`, { cause });
      }
      if (digestOf(text) !== revision)
        throw new DaemonError('store_failed', `The text of the revision ${revision} was changed: it does not fit its SHA-256.`);
      return text;
    },
  };
}
