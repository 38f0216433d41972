/**
 * The note of this process about its open call records, so that others find them when it has ended.
 *
 * A process that has open records keeps one small row in `mcp-revisions` (partition `#owners`): when it was last seen alive, since when
 * its oldest open record is open, and under which keys of records. The row is written before the first open record is, then every ten
 * seconds while there are any, and removed after the last: no call pays for it. `open-calls.ts` reads such rows.
 */
import type { CallRecord, Logger } from '@mcp-daemon/core';

import { isConditionFailed, toStoreError } from '../base/errors.js';
import { inParallel } from '../base/pacing.js';
import type { Item } from './codec.js';
import type { Spread } from './spread.js';
import { TABLE } from './table-names.js';
import type { Wire } from './wire.js';

/** The note of open records. */
export interface OpenNote {
  /** Before rows are written: notes those that are open. @throws DaemonError `store_busy` or `store_failed` */
  before(rows: readonly CallRecord[]): Promise<void>;
  /** After rows were written: forgets those that have ended. */
  after(rows: readonly CallRecord[]): void;
  /** Ends the heartbeat, and removes this process's row where nothing is open. Never rejects. */
  close(): Promise<void>;
}

/** The partition of the rows of processes. A partition of the daemon begins with the id of an endpoint. */
export const OWNERS = '#owners';
const HEARTBEAT_MS = 10_000;
const place = { service: 'DynamoDB', resource: TABLE.revisions } as const;

const keyOf = (row: CallRecord): string => `${row.partition_key}\n${row.mcp_function_call_uuid}`;
/** The key of a process's row. */
export const ownerKey = (owner: string): Item => ({ partition_key: { S: OWNERS }, revision_key: { S: owner } });

/** What {@link createOpenNote} needs. */
export interface OpenNoteOptions {
  wire: Wire;
  /** This process. */
  owner: string;
  logger: Pick<Logger, 'warn'> | undefined;
  /** The `partition_key` of a record's row. */
  keyOf: Spread['keyOf'];
}

/** Creates the note of open records. The heartbeat does not keep the process alive. */
export function createOpenNote({ wire, owner, logger, keyOf: rowKeyOf }: OpenNoteOptions): OpenNote {
  /** When each open record was written, by its key. */
  const open = new Map<string, CallRecord>();
  /** Keys of partitions' records that the stored row names; empty where there is no row. */
  let noted = new Set<string>();
  let heartbeat: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const keyOfRow = (row: CallRecord): string => rowKeyOf(row.partition_key, row.mcp_function_call_uuid);

  async function send(action: string, request: object): Promise<void> {
    try {
      await wire.post(action, JSON.stringify(request));
    } catch (error) {
      throw toStoreError(error, { ...place, action });
    }
  }

  /** Writes the row of this process as things are now. One at a time, so that an older one never lands on a newer. */
  function note(): Promise<void> {
    const next = writing.then(async () => {
      if (open.size === 0) {
        if (noted.size === 0) return;
        await send('DeleteItem', { TableName: TABLE.revisions, Key: ownerKey(owner) });
        noted = new Set();
        return;
      }
      const partitions = new Set([...open.values()].map(keyOfRow));
      const since = Math.min(...[...open.values()].map((row) => row.updated_at));
      await send('PutItem', {
        TableName: TABLE.revisions,
        Item: {
          ...ownerKey(owner),
          seen: { N: String(Date.now()) },
          open_since: { N: String(since) },
          partitions: { SS: [...partitions] },
        },
      });
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
    await send('UpdateItem', {
      TableName: TABLE.revisions,
      Key: ownerKey(row.owner),
      UpdateExpression: 'ADD #partitions :partition SET #since = if_not_exists(#since, :since)',
      ExpressionAttributeNames: { '#partitions': 'partitions', '#since': 'open_since' },
      ExpressionAttributeValues: { ':partition': { SS: [keyOfRow(row)] }, ':since': { N: String(row.updated_at) } },
    });
    const older = {
      TableName: TABLE.revisions,
      Key: ownerKey(row.owner),
      UpdateExpression: 'SET #since = :since',
      ConditionExpression: '#since > :since',
      ExpressionAttributeNames: { '#since': 'open_since' },
      ExpressionAttributeValues: { ':since': { N: String(row.updated_at) } },
    };
    try {
      await wire.post('UpdateItem', JSON.stringify(older));
    } catch (error) {
      if (!isConditionFailed(error)) throw toStoreError(error, { ...place, action: 'UpdateItem' });
    }
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
      for (const row of rows) if (row.status !== 'in_process') open.delete(keyOf(row));
    },
    async close() {
      clearInterval(heartbeat);
      heartbeat = undefined;
      await note().catch((error: unknown) =>
        logger?.warn({ error: String(error) }, 'the note of open calls could not be removed; the next start looks for them'),
      );
    },
  };
}
