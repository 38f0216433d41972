/**
 * Small shared state, in `mcp-state`: one row per entry.
 *
 * Each write is one conditional update that names its writer by a new version, and keeps the version before it. When the answer to a
 * write is lost, the SDK's own repetition meets our row and is refused: the version in the row, or the one before, tells a lost answer
 * from a lost race, and keeps the repetition from undoing what another wrote meanwhile. For the same reason an entry is not deleted, but
 * becomes an expired row without a value, which DynamoDB removes later.
 */
import { randomUUID } from 'node:crypto';

import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore, Logger, Page, PageQuery, StateEntry, StateStore } from '@mcp-daemon/core';
import { checkState, pageLimit } from '@mcp-daemon/core';

import { isConditionFailed, toStoreError } from '../base/errors.js';
import type { Conditions } from './call-filter.js';
import { createConditions } from './call-filter.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import type { Item } from './codec.js';
import { numberOf, sizeOfItem, textOf } from './codec.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { checkPartition } from './partition-name.js';
import { queryOnce } from './query.js';
import { createStateValues, expiryOf, VALUE_ATTRIBUTES } from './state-values.js';
import { TABLE, TTL_ATTRIBUTE } from './table-names.js';

/** What {@link createState} takes. */
export interface StateOptions {
  dynamo: Dynamo;
  /** For values that are too large for a row. */
  blobs: BlobStore | undefined;
  /** Throws if the store is closed. */
  refuse(): void;
  logger: Pick<Logger, 'warn'> | undefined;
}

/** A list answers with fewer entries after this many requests, or bytes of values: most rows may have expired, or be large. */
const MOST_REQUESTS = 20;
const MOST_BYTES = 8 * 1024 * 1024;
/** How often a large value is read that others replace meanwhile. */
const MOST_READS = 5;
/** Other attributes of a row. */
const OPTIONAL = [...VALUE_ATTRIBUTES, TTL_ATTRIBUTE, 'expires_ms'];

const keyOf = (partition: string, key: string): Item => ({ partition_key: { S: partition }, state_key: { S: key } });

/** Not yet expired. DynamoDB removes expired rows hours later. */
const present = ({ name, value }: Conditions, now: Item[string]): string =>
  `(attribute_not_exists(${name('expires_ms')}) OR ${name('expires_ms')} > ${value(now)})`;

const isPresent = (item: Item | undefined, now: number): item is Item =>
  item !== undefined && (numberOf(item['expires_ms']) ?? Infinity) > now;

const numeric = (number: number): Item[string] => ({ N: String(number) });

/** Creates the state of a store. */
export function createState({ dynamo, blobs, refuse, logger }: StateOptions): StateStore {
  const values = createStateValues(dynamo, blobs);

  async function read(partition: string, key: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: TABLE.state, Key: keyOf(partition, key), ConsistentRead: true });
    return (await dynamo.send(command)).Item;
  }

  /** Removes what a row had outside. A failure leaves something behind, and changes no entry. */
  async function tidy(partition: string, item: Item): Promise<void> {
    try {
      await values.remove(partition, item);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger?.warn(
        { partition, error: reason },
        'a value that is no longer used was left in the table mcp-state, or in the bucket',
      );
    }
  }

  /**
   * Replaces the row of an entry.
   *
   * @param attributes what the row has from now on
   * @param when the condition; undefined: in any case
   * @returns whether it was replaced, by this write
   */
  async function replace(
    partition: string,
    key: string,
    attributes: Item,
    when: (conditions: Conditions) => string | undefined,
  ): Promise<boolean> {
    const conditions = createConditions();
    const { name, value, names, values: placeholders } = conditions;
    const [version, before] = [name('version'), name('previous')];
    const mine = value(attributes['version'] ?? { NULL: true });
    const set = Object.entries(attributes)
      .filter(([attribute]) => attribute !== 'version')
      .map(([attribute, found]) => `${name(attribute)} = ${value(found)}`);
    const gone = OPTIONAL.filter((attribute) => attributes[attribute] === undefined).map(name);
    const isNew = `(attribute_not_exists(${version}) OR NOT (${version} = ${mine} OR ${before} = ${mine}))`;
    const command = new UpdateItemCommand({
      TableName: TABLE.state,
      Key: keyOf(partition, key),
      UpdateExpression: `SET ${[`${version} = ${mine}`, `${before} = if_not_exists(${version}, ${mine})`, ...set].join(', ')} REMOVE ${gone.join(', ')}`,
      ConditionExpression: [isNew, when(conditions) ?? []].flat().join(' AND '),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: placeholders,
      ReturnValues: 'ALL_OLD',
    });
    try {
      const { Attributes: old } = await dynamo.raw(command);
      if (old !== undefined) await tidy(partition, old);
      return true;
    } catch (error) {
      if (!isConditionFailed(error)) throw toStoreError(error, placeOf(command));
    }
    const now = await read(partition, key);
    const own = textOf(attributes['version']);
    return now !== undefined && (textOf(now['version']) === own || textOf(now['previous']) === own);
  }

  /** The entry of a row; undefined: its value was replaced or removed meanwhile. */
  async function decode(partition: string, item: Item): Promise<StateEntry | undefined> {
    const value = await values.decode(partition, item);
    if (value === undefined) return undefined;
    return {
      key: textOf(item['state_key']) ?? '',
      value,
      version: textOf(item['version']) ?? '',
      expires_at: numberOf(item['expires_ms']) ?? null,
    };
  }

  async function get(partition: string, key: string): Promise<StateEntry | undefined> {
    for (let reads = 1; ; reads += 1) {
      const item = await read(partition, key);
      if (!isPresent(item, Date.now())) return undefined;
      const entry = await decode(partition, item);
      if (entry !== undefined) return entry;
      if (reads < MOST_READS) continue;
      throw toStoreError(new Error('its value is gone'), { service: 'DynamoDB', resource: TABLE.state, action: 'GetItem' });
    }
  }

  async function list(partition: string, prefix: string, query: PageQuery): Promise<Page<StateEntry>> {
    const limit = pageLimit(query);
    const seal = sealOf('state', partition, prefix);
    const [after] = query.cursor === undefined ? [] : fromPlaceCursor(seal, query.cursor, 1);
    const conditions = createConditions();
    const { name, value, names, values: placeholders } = conditions;
    const along = prefix === '' ? [] : [`begins_with(${name('state_key')}, ${value({ S: prefix })})`];
    const request = {
      TableName: TABLE.state,
      KeyConditionExpression: [`${name('partition_key')} = ${value({ S: partition })}`, ...along].join(' AND '),
      FilterExpression: present(conditions, numeric(Date.now())),
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: placeholders,
      ConsistentRead: true,
    };
    const items: StateEntry[] = [];
    let bytes = 0;
    let last = after;
    const page = (): Page<StateEntry> => (last === undefined ? { items } : { items, cursor: toPlaceCursor(seal, [last]) });
    for (let requests = 0; requests < MOST_REQUESTS; requests += 1) {
      const answer = await queryOnce(dynamo, {
        ...request,
        Limit: limit + 1 - items.length,
        ...(last === undefined ? {} : { ExclusiveStartKey: keyOf(partition, last) }),
      });
      for (const item of answer.items) {
        if (items.length === limit || bytes > MOST_BYTES) return page();
        const entry = (await decode(partition, item)) ?? (await get(partition, textOf(item['state_key']) ?? ''));
        last = textOf(item['state_key']);
        bytes += entry === undefined ? 0 : Math.max(sizeOfItem(item), entry.value.length);
        if (entry !== undefined) items.push(entry);
      }
      if (answer.next === undefined) return { items };
      last = textOf(answer.next['state_key']);
    }
    return page();
  }

  return {
    async get(partition, key) {
      refuse();
      checkState(key);
      return partition === '' ? undefined : get(partition, key);
    },
    async put(partition, key, value, { expected, expires_at = null } = {}) {
      refuse();
      checkState(key, value);
      checkPartition(partition);
      const version = randomUUID();
      const attributes: Item = {
        version: { S: version },
        ...(await values.encode(partition, version, value, expires_at)),
        ...expiryOf(expires_at),
        ...(expires_at === null ? {} : { expires_ms: numeric(expires_at) }),
      };
      const now = numeric(Date.now());
      const isDone = await replace(partition, key, attributes, (conditions) => {
        const { name, value: placeholder } = conditions;
        if (expected === undefined) return undefined;
        if (expected === null)
          return `(attribute_not_exists(${name('version')}) OR ${name('expires_ms')} <= ${placeholder(now)})`;
        return `${name('version')} = ${placeholder({ S: expected })} AND ${present(conditions, now)}`;
      });
      if (isDone) return { key, value, version, expires_at };
      await tidy(partition, attributes);
      return undefined;
    },
    async delete(partition, key, expected) {
      refuse();
      checkState(key);
      if (partition === '') return false;
      const now = Date.now();
      const attributes: Item = { version: { S: randomUUID() }, expires_ms: numeric(0), ...expiryOf(now) };
      return replace(partition, key, attributes, (conditions) => {
        const { name, value } = conditions;
        const isThere = `attribute_exists(${name('version')}) AND ${present(conditions, numeric(now))}`;
        return expected === undefined ? isThere : `${isThere} AND ${name('version')} = ${value({ S: expected })}`;
      });
    },
    async list(partition, prefix, query = {}) {
      refuse();
      return partition === '' ? { items: [] } : list(partition, prefix, query);
    },
    // Expired rows go by themselves.
    sweep() {
      refuse();
      return 0;
    },
  };
}
