/**
 * Payloads that are too large for a row: they go to the blob store first, then the row, with our SHA-256 of them. With three local
 * indexes a row can have 100 KB, and each KB costs four write units.
 */
import { createHash } from 'node:crypto';

import type { BlobStore, CallRecord, Logger } from '@mcp-daemon/core';
import { blobKeyProblem, DaemonError } from '@mcp-daemon/core';

import { decodeCall } from './call-item.js';
import { createCallEncoder } from './call-text.js';
import type { Item } from './codec.js';
import { sizeOf, sizeOfItem, textOf, truthOf } from './codec.js';
import type { Spread } from './spread.js';

/** What {@link createPayloads} takes. */
export interface PayloadOptions {
  blobs: BlobStore | undefined;
  /** Bytes of a row beyond which its payloads are moved. */
  offloadBytes: number;
  /** Milliseconds after which a record expires; 0: never. */
  expireAfterMs: number;
  logger: Pick<Logger, 'error' | 'warn'> | undefined;
  /** The `partition_key` of a record. */
  keyOf: Spread['keyOf'];
}

/** Payloads of records: in their rows, or in the blob store. */
export interface Payloads {
  /**
   * The row of a record as JSON text, its payloads moved where it is too large. Returns at once where nothing has to be moved.
   *
   * @param always move payloads however small the row is: DynamoDB has refused it as too large
   * @throws DaemonError `store_busy` or `store_failed` where the blob store fails and the row is too large to do without
   */
  encode(row: CallRecord, always?: boolean): string | Promise<string>;
  /** Whether a record's row has all payloads in it, known without making it. False where that takes more. */
  isSmall(row: CallRecord): boolean;
  /**
   * The record of a row of a partition, with its payloads.
   *
   * @throws DaemonError `store_failed` where a payload is gone or was changed, `store_busy` where it cannot be read now
   */
  decode(item: Item, partition: string): Promise<CallRecord>;
  /** Removes the blobs of a row. @throws DaemonError `store_busy` or `store_failed` */
  remove(item: Item): Promise<void>;
  /** Records whose payloads were cut, because there is no blob store, or it failed. */
  readonly cut: number;
}

/** A row of this size is the largest that is written: DynamoDB refuses 100 KB, and counts a little differently. */
export const CEILING_BYTES = 90_000;
/** The most that a character takes in UTF-8. DynamoDB counts less for a row than the bytes of its JSON text. */
const BYTES_PER_CHAR = 3;
/** The most that names of attributes, ids, digests and times take in a row. */
const FIXED_BYTES = 1_500;
/** Characters that stay of notes in a row that is too large for any other reason. */
const MAX_NOTES = 10_000;
/** Characters that stay of a payload that is cut. */
const BEGINNING = 1_000;

/** The two payloads of a record. */
const KINDS = {
  content: { flag: 'content_in_s3', digest: 'content_sha256', attributes: ['content'], folder: 'mcp_content' },
  arguments: {
    flag: 'arguments_in_s3',
    digest: 'arguments_sha256',
    attributes: ['arguments', 'arguments_json'],
    folder: 'mcp_arguments',
  },
} as const;
type Kind = keyof typeof KINDS;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The blob's key, as the Python engine names it; undefined where a uuid cannot be a part of a key. */
function keyOf(kind: Kind, uuid: string): string | undefined {
  const key = `${KINDS[kind].folder}/${uuid}.json`;
  return blobKeyProblem(key) === undefined ? key : undefined;
}

/** What a row keeps of a payload that it cannot hold, as the recorder cuts what is too large for it. */
function cutText(text: string): string {
  const beginning = text.slice(0, BEGINNING).replace(/[\uD800-\uDBFF]$/, '');
  const bytes = Buffer.from(text, 'utf8');
  return JSON.stringify({ cut: true, bytes: bytes.length, sha256: sha256(bytes), beginning });
}

const sizeOfPayload = (item: Item, kind: Kind): number =>
  KINDS[kind].attributes.reduce((sum, name) => sum + (item[name] === undefined ? 0 : sizeOf(item[name])), 0);

/** Creates what moves payloads. */
export function createPayloads({ blobs, offloadBytes, expireAfterMs, logger, keyOf: rowKeyOf }: PayloadOptions): Payloads {
  const encodeCall = createCallEncoder(expireAfterMs);
  let cut = 0;
  let told = false;

  function drop(row: CallRecord, item: Item, kind: Kind): void {
    const text = row[kind];
    if (text === null) return;
    for (const name of KINDS[kind].attributes) Reflect.deleteProperty(item, name);
    const kept = cutText(text);
    item[kind === 'content' ? 'content' : 'arguments_json'] = { S: kept };
    cut += 1;
    if (told) return;
    told = true;
    logger?.warn(
      { bytes: text.length },
      'a call record is too large for DynamoDB, and there is no blob store: its payload was cut',
    );
  }

  async function move(row: CallRecord, item: Item, kind: Kind): Promise<void> {
    const text = row[kind];
    const key = keyOf(kind, row.mcp_function_call_uuid);
    if (text === null || key === undefined || blobs === undefined) return;
    const bytes = Buffer.from(text, 'utf8');
    await blobs.put(key, bytes);
    for (const name of KINDS[kind].attributes) Reflect.deleteProperty(item, name);
    item[KINDS[kind].flag] = { BOOL: true };
    item[KINDS[kind].digest] = { S: sha256(bytes) };
  }

  async function shorten(row: CallRecord, item: Item, most: number): Promise<Item> {
    const kinds: Kind[] = ['content', 'arguments'];
    for (const kind of kinds) {
      if (sizeOfItem(item) <= most && !(kind === 'content' && row.content_in_s3)) continue;
      try {
        await move(row, item, kind);
      } catch (error) {
        // Keep the payload in the row: DynamoDB accepts a row of this size.
        if (sizeOfItem(item) > CEILING_BYTES) throw error;
        item['content_in_s3'] = { BOOL: false };
        logger?.warn({ error: error instanceof Error ? error.message : String(error) }, 'a payload was left in its row');
      }
    }
    for (const kind of kinds) {
      if (sizeOfItem(item) > CEILING_BYTES && sizeOfPayload(item, kind) > 2 * BEGINNING) drop(row, item, kind);
    }
    if (sizeOfItem(item) > CEILING_BYTES && row.notes !== null) item['notes'] = { S: row.notes.slice(0, MAX_NOTES) };
    return item;
  }

  /** What a moved payload was. A row of the Python engine has no digest, and its blob may never have been written. */
  async function fetched(item: Item, kind: Kind): Promise<string | null> {
    const uuid = textOf(item['mcp_function_call_uuid']) ?? '';
    const key = keyOf(kind, uuid);
    const digest = textOf(item[KINDS[kind].digest]);
    if (key === undefined || blobs === undefined) {
      if (digest === undefined) return null;
      throw new DaemonError('store_failed', `The ${kind} of the call ${uuid} is in a bucket: set FUNCT_BUCKET_NAME to read it.`);
    }
    const bytes = await blobs.get(key);
    if (digest === undefined) return bytes === undefined ? null : Buffer.from(bytes).toString('utf8');
    if (bytes === undefined)
      throw new DaemonError('store_failed', `The ${kind} of the call ${uuid} is gone: there is no ${key}.`);
    if (sha256(bytes) !== digest)
      throw new DaemonError(
        'store_failed',
        `The ${kind} of the call ${uuid} was changed outside: ${key} does not fit its SHA-256.`,
      );
    return Buffer.from(bytes).toString('utf8');
  }

  const isMoved = (item: Item, kind: Kind): boolean =>
    truthOf(item[KINDS[kind].flag]) === true &&
    KINDS[kind].attributes.every((name) => item[name]?.NULL ?? item[name] === undefined);

  return {
    get cut() {
      return cut;
    },
    encode(row, always = false) {
      const text = encodeCall(row, rowKeyOf(row.partition_key, row.mcp_function_call_uuid));
      const isMarked = row.content_in_s3 && row.content !== null;
      if (!always && !isMarked && text.length * BYTES_PER_CHAR <= offloadBytes) return text;
      const item = JSON.parse(text) as Item;
      if (!always && !isMarked && sizeOfItem(item) <= offloadBytes) return text;
      return shorten(row, item, always ? 0 : offloadBytes).then((shorter) => JSON.stringify(shorter));
    },
    isSmall(row) {
      const { arguments: input, content, notes, partition_key, name, updated_by, server, client, client_id } = row;
      const names = partition_key.length + name.length + updated_by.length;
      const others = [input, notes, server, client, client_id].reduce((sum, text) => sum + (text?.length ?? 0), names);
      const bytes = FIXED_BYTES + others * BYTES_PER_CHAR + (content === null ? 0 : Buffer.byteLength(content));
      return bytes <= offloadBytes && !(row.content_in_s3 && content !== null);
    },
    async decode(item, partition) {
      const record = decodeCall(item, partition);
      if (isMoved(item, 'content')) record.content = await fetched(item, 'content');
      if (isMoved(item, 'arguments')) record.arguments = await fetched(item, 'arguments');
      return record;
    },
    async remove(item) {
      if (blobs === undefined) return;
      const uuid = textOf(item['mcp_function_call_uuid']) ?? '';
      for (const kind of ['content', 'arguments'] as const) {
        const key = keyOf(kind, uuid);
        if (isMoved(item, kind) && key !== undefined) await blobs.delete(key);
      }
    },
  };
}
