/** Commands for operators: create the tables, and check tables, permissions and the bucket. */
import { randomUUID } from 'node:crypto';

import type { ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { BlobStore } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { isConditionFailed, isDenied, missingPermission, toStoreError } from './base/errors.js';
import type { Command, Dynamo, DynamoOptions } from './dynamodb/client.js';
import { openDynamo, placeOf } from './dynamodb/client.js';
import type { Item } from './dynamodb/codec.js';
import { TABLE } from './dynamodb/table-names.js';
import type { CreateTablesOptions, TableShape, TablesReport } from './dynamodb/tables.js';
import { createTables, describe, EXPIRING, expiryOf, hasOtherKeys, problemsOf, TABLES } from './dynamodb/tables.js';

/** What {@link initDynamoStore} takes. */
export interface InitOptions extends DynamoOptions, CreateTablesOptions {}

/**
 * Creates the tables that are missing, waits until all are active, and has DynamoDB remove expired call records and state. May be repeated.
 *
 * @throws DaemonError `store_failed` where a table has other keys or lacks an index, with all that is wrong; `store_busy`; `usage`
 */
export async function initDynamoStore(options: InitOptions = {}): Promise<TablesReport> {
  const dynamo = await openDynamo(options);
  try {
    return await createTables(dynamo, options);
  } finally {
    dynamo.close();
  }
}

/** One thing that was looked at. */
export interface CheckFinding {
  /** Tables, permissions on them, what removes their expired rows, and the bucket with its permissions. */
  kind: 'table' | 'permission' | 'expiry' | 'bucket';
  /** `ok`; `warning`: the daemon runs, but something does not work; `error`: the daemon does not run. */
  level: 'ok' | 'warning' | 'error';
  /** What was looked at: a table's name, a permission on one, the bucket. */
  what: string;
  /** What is wrong and what to do; undefined where nothing is. */
  problem?: string;
}

/** What {@link checkDynamoStore} found. */
export interface CheckReport {
  /** Whether DynamoDB answered at all. */
  reachable: boolean;
  region: string;
  /** Permissions that are missing, as `dynamodb:PutItem on mcp-functions`. */
  missingPermissions: string[];
  /** Tables that are not there. */
  missingTables: string[];
  findings: CheckFinding[];
}

/** What {@link checkDynamoStore} takes. */
export interface CheckOptions extends DynamoOptions {
  /** The bucket, where there is one: it is written, read and cleared under `mcp_content/`. */
  blobs?: BlobStore;
}

/** The partition of rows that are never there. */
const NOBODY = '#check';

/** A request that is only made to see whether it is allowed. */
interface Probe {
  place: ReturnType<typeof placeOf>;
  send(): Promise<unknown>;
}

/** Requests that change nothing, one for each permission that the daemon needs on a table. */
function probes(dynamo: Dynamo, { name, range }: TableShape): Probe[] {
  const probe = <I extends ServiceInputTypes, O extends ServiceOutputTypes>(command: Command<I, O>): Probe => ({
    place: placeOf(command),
    send: () => dynamo.raw(command),
  });
  const key: Item = { partition_key: { S: NOBODY }, [range]: { S: randomUUID() } };
  const never = {
    ConditionExpression: 'attribute_exists(#p)',
    ExpressionAttributeNames: { '#p': 'partition_key' },
  };
  const all: Record<string, Probe> = {
    get: probe(new GetItemCommand({ TableName: name, Key: key })),
    query: probe(
      new QueryCommand({
        TableName: name,
        KeyConditionExpression: '#p = :p',
        ExpressionAttributeNames: { '#p': 'partition_key' },
        ExpressionAttributeValues: { ':p': { S: NOBODY } },
        Limit: 1,
      }),
    ),
    put: probe(new PutItemCommand({ TableName: name, Item: key, ...never })),
    update: probe(new UpdateItemCommand({ TableName: name, Key: key, ...never })),
    delete: probe(new DeleteItemCommand({ TableName: name, Key: key, ...never })),
    batchGet: probe(new BatchGetItemCommand({ RequestItems: { [name]: { Keys: [key] } } })),
    batchWrite: probe(new BatchWriteItemCommand({ RequestItems: { [name]: [{ DeleteRequest: { Key: key } }] } })),
    scan: probe(
      new ScanCommand({
        TableName: name,
        Limit: 1,
        ProjectionExpression: '#p',
        ExpressionAttributeNames: { '#p': 'partition_key' },
      }),
    ),
  };
  const wanted: Readonly<Record<string, readonly string[]>> = {
    [TABLE.calls]: ['get', 'query', 'put', 'update', 'batchWrite'],
    [TABLE.functions]: ['query', 'batchGet', 'batchWrite', 'scan'],
    [TABLE.modules]: ['query', 'batchGet', 'batchWrite', 'scan'],
    [TABLE.settings]: ['get', 'query', 'batchGet', 'batchWrite', 'delete'],
    [TABLE.revisions]: ['get', 'query', 'put', 'update', 'delete', 'scan'],
    [TABLE.state]: ['get', 'query', 'put', 'update', 'batchWrite'],
  };
  return (wanted[name] ?? []).flatMap((probe) => all[probe] ?? []);
}

/** Only `partitions list` scans. */
const isOptional = (permission: string): boolean => permission === 'dynamodb:Scan';

/**
 * Looks at tables, indexes, permissions and the bucket. Changes nothing but one small blob, which it removes again.
 *
 * @returns what was found; problems are findings, not errors
 * @throws DaemonError `usage` for an endpoint that is none; `store_failed` where region or credentials are missing
 */
export async function checkDynamoStore(options: CheckOptions = {}): Promise<CheckReport> {
  const dynamo = await openDynamo(options);
  const report: CheckReport = {
    reachable: false,
    region: dynamo.region,
    missingPermissions: [],
    missingTables: [],
    findings: [],
  };

  function note(kind: CheckFinding['kind'], what: string, level: CheckFinding['level'], problem?: string): void {
    report.findings.push({ kind, level, what, ...(problem === undefined ? {} : { problem }) });
  }

  function denied(kind: CheckFinding['kind'], permission: string, resource: string, problem: string): void {
    report.missingPermissions.push(`${permission} on ${resource}`);
    note(kind, `${permission} on ${resource}`, isOptional(permission) ? 'warning' : 'error', problem);
  }

  /** @returns whether it is worth looking further */
  async function table(shape: TableShape): Promise<boolean> {
    try {
      const found = await describe(dynamo, shape.name);
      report.reachable = true;
      if (found === undefined) {
        report.missingTables.push(shape.name);
        const missing = 'The table does not exist in this region and account';
        if (shape.optional === true)
          note(
            'table',
            shape.name,
            'warning',
            `${missing}: what needs shared state fails until "mcp-daemon store init" creates it.`,
          );
        else note('table', shape.name, 'error', `${missing}: create it with "mcp-daemon store init".`);
        return true;
      }
      const problems = problemsOf(shape, found);
      for (const problem of problems) note('table', shape.name, 'error', problem);
      if (problems.length === 0) note('table', shape.name, 'ok');
      if (hasOtherKeys(shape, found)) return true;
    } catch (error) {
      const cause = error instanceof DaemonError ? error.cause : error;
      const { message } = toStoreError(error, { service: 'DynamoDB', resource: shape.name, action: 'DescribeTable' });
      if (!isDenied(cause, 'DynamoDB')) {
        note('table', shape.name, 'error', message);
        return false;
      }
      report.reachable = true;
      report.missingPermissions.push(`dynamodb:DescribeTable on ${shape.name}`);
      note(
        'permission',
        `dynamodb:DescribeTable on ${shape.name}`,
        'warning',
        `${message} The daemon runs without it; "store init" does not.`,
      );
    }
    await permissions(shape);
    return true;
  }

  async function permissions(shape: TableShape): Promise<void> {
    for (const { place, send } of probes(dynamo, shape)) {
      const permission = `dynamodb:${place.action ?? ''}`;
      try {
        await send();
        note('permission', `${permission} on ${shape.name}`, 'ok');
      } catch (error) {
        if (isConditionFailed(error)) note('permission', `${permission} on ${shape.name}`, 'ok');
        else if (isDenied(error, 'DynamoDB')) denied('permission', permission, shape.name, toStoreError(error, place).message);
        else note('permission', `${permission} on ${shape.name}`, 'error', toStoreError(error, place).message);
      }
    }
  }

  async function expiry(table: string): Promise<void> {
    const what = `expiry of ${table}`;
    try {
      const found = await expiryOf(dynamo, table);
      if (found === 'on') note('expiry', what, 'ok');
      else if (found === 'unknown')
        note('expiry', what, 'warning', 'This engine does not remove expired rows; they are left out of lists.');
      else
        note(
          'expiry',
          what,
          'warning',
          `DynamoDB does not remove expired rows (TTL: ${found}): turn it on with "mcp-daemon store init".`,
        );
    } catch (error) {
      note(
        'expiry',
        what,
        'warning',
        toStoreError(error, { service: 'DynamoDB', resource: table, action: 'DescribeTimeToLive' }).message,
      );
    }
  }

  async function bucket(blobs: BlobStore): Promise<void> {
    const key = `mcp_content/check-${randomUUID()}.json`;
    const bytes = Buffer.from('{}');
    const steps: [string, () => unknown][] = [
      ['s3:PutObject', () => blobs.put(key, bytes)],
      [
        's3:GetObject',
        async () => {
          const found = await blobs.get(key);
          if (found === undefined || !bytes.equals(found))
            throw new DaemonError('store_failed', 'What was written is not what is read.');
        },
      ],
      ['s3:DeleteObject', () => blobs.delete(key)],
    ];
    for (const [permission, step] of steps) {
      try {
        await step();
        note('bucket', `${permission} on the bucket`, 'ok');
      } catch (error) {
        const failed = toStoreError(error, { service: 'S3' });
        if (isDenied(failed.cause, 'S3')) {
          const said = missingPermission(failed.cause, { service: 'S3', action: permission.slice(3) });
          denied('bucket', said, 'the bucket', failed.message);
        } else note('bucket', `${permission} on the bucket`, 'error', failed.message);
        return;
      }
    }
  }

  try {
    let goOn = true;
    for (const shape of TABLES) goOn = goOn && (await table(shape));
    for (const table of EXPIRING) if (goOn && !report.missingTables.includes(table)) await expiry(table);
    if (options.blobs !== undefined) await bucket(options.blobs);
    return report;
  } finally {
    dynamo.close();
  }
}
