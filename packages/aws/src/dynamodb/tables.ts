/**
 * The tables: those of the Python engine, by its names, one for revisions, and one for shared state. Keys and local indexes cannot be
 * changed later, so a table that has others is named and left alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { TableDescription } from '@aws-sdk/client-dynamodb';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { DaemonError } from '@mcp-daemon/core';

import { nameOf, toStoreError } from '../base/errors.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import { TABLE, TTL_ATTRIBUTE } from './table-names.js';

/** One table. All keys are texts, and the hash key of each is `partition_key`. */
export interface TableShape {
  name: string;
  range: string;
  /** The attributes that have a local index, `<attribute>-index`. */
  indexed: readonly string[];
  /** Whether the daemon serves without it: only what needs it fails. Default false. */
  optional?: boolean;
}

/** The tables whose rows expire. */
export const EXPIRING = [TABLE.calls, TABLE.state] as const;

/** All tables. */
export const TABLES: readonly TableShape[] = [
  { name: TABLE.modules, range: 'module_name', indexed: ['package_name'] },
  { name: TABLE.functions, range: 'name', indexed: ['mcp_type'] },
  { name: TABLE.calls, range: 'mcp_function_call_uuid', indexed: ['mcp_type', 'name', 'updated_at'] },
  { name: TABLE.settings, range: 'setting_id', indexed: [] },
  { name: TABLE.revisions, range: 'revision_key', indexed: [] },
  { name: TABLE.state, range: 'state_key', indexed: [], optional: true },
];

const HASH = 'partition_key';
const WAIT_MS = 120_000;
const LOOK_MS = 500;

/** A table as it is, or undefined. @throws DaemonError `store_busy` or `store_failed` */
export async function describe(dynamo: Dynamo, name: string): Promise<TableDescription | undefined> {
  const command = new DescribeTableCommand({ TableName: name });
  try {
    return (await dynamo.raw(command)).Table;
  } catch (error) {
    if (nameOf(error) === 'ResourceNotFoundException') return undefined;
    throw toStoreError(error, placeOf(command));
  }
}

const keysOf = (schema: TableDescription['KeySchema']): string =>
  (schema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName ?? ''} (${KeyType ?? ''})`).join(', ');

const expectedKeys = ({ range }: TableShape): string => `${HASH} (HASH), ${range} (RANGE)`;

/** Whether a table has other keys than it must have: then no request to it can work. */
export const hasOtherKeys = (shape: TableShape, { KeySchema }: TableDescription): boolean =>
  keysOf(KeySchema) !== expectedKeys(shape);

/** What is wrong with a table, as whole sentences; empty where nothing is. */
export function problemsOf(shape: TableShape, table: TableDescription): string[] {
  if (hasOtherKeys(shape, table))
    return [
      `The table ${shape.name} has the keys ${keysOf(table.KeySchema)}, and not ${expectedKeys(shape)}: keys cannot be changed, so the table must be made anew.`,
    ];
  const types = new Map((table.AttributeDefinitions ?? []).map((one) => [one.AttributeName, one.AttributeType]));
  const problems = [HASH, shape.range]
    .filter((name) => types.get(name) !== 'S')
    .map((name) => `The key ${name} of the table ${shape.name} must be of type S (text).`);
  const indexes = new Map((table.LocalSecondaryIndexes ?? []).map((index) => [index.IndexName, index]));
  for (const attribute of shape.indexed) {
    const name = `${attribute}-index`;
    const index = indexes.get(name);
    const is = (text: string): number =>
      problems.push(`The table ${shape.name} ${text}, and local indexes cannot be added later.`);
    if (index === undefined) is(`has no index ${name}`);
    else if (keysOf(index.KeySchema) !== `${HASH} (HASH), ${attribute} (RANGE)`) is(`has other keys in its index ${name}`);
    else if (index.Projection?.ProjectionType !== 'ALL') is(`does not have all attributes in its index ${name}`);
  }
  return problems;
}

async function create(dynamo: Dynamo, { name, range, indexed }: TableShape): Promise<boolean> {
  const key = (attribute: string): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] => [
    { AttributeName: HASH, KeyType: 'HASH' },
    { AttributeName: attribute, KeyType: 'RANGE' },
  ];
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: key(range),
    AttributeDefinitions: [HASH, range, ...indexed].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    ...(indexed.length === 0
      ? {}
      : {
          LocalSecondaryIndexes: indexed.map((attribute) => ({
            IndexName: `${attribute}-index`,
            KeySchema: key(attribute),
            Projection: { ProjectionType: 'ALL' },
          })),
        }),
  });
  try {
    await dynamo.raw(command);
    return true;
  } catch (error) {
    // Another process creates it, too.
    if (nameOf(error) === 'ResourceInUseException') return false;
    throw toStoreError(error, placeOf(command));
  }
}

async function waitUntilActive(dynamo: Dynamo, name: string, waitMs: number): Promise<TableDescription> {
  const until = performance.now() + waitMs;
  for (;;) {
    const table = await describe(dynamo, name);
    if (table?.TableStatus === 'ACTIVE') return table;
    if (performance.now() >= until)
      throw new DaemonError(
        'store_busy',
        `The table ${name} is ${table?.TableStatus ?? 'not there'} after ${waitMs / 1_000} s: try again later.`,
      );
    await sleep(LOOK_MS);
  }
}

/** Has DynamoDB remove rows that have expired. @returns whether it does now; false where the engine cannot (dynalite) */
async function enableExpiry(dynamo: Dynamo, table: string): Promise<boolean> {
  const asked = new DescribeTimeToLiveCommand({ TableName: table });
  const command = new UpdateTimeToLiveCommand({
    TableName: table,
    TimeToLiveSpecification: { Enabled: true, AttributeName: TTL_ATTRIBUTE },
  });
  try {
    const { TimeToLiveDescription: now } = await dynamo.raw(asked);
    const isOn = now?.TimeToLiveStatus === 'ENABLED' || now?.TimeToLiveStatus === 'ENABLING';
    if (isOn) return now.AttributeName === TTL_ATTRIBUTE;
    await dynamo.raw(command);
    return true;
  } catch (error) {
    if (nameOf(error) === 'UnknownOperationException') return false;
    throw toStoreError(error, placeOf(command));
  }
}

/** What {@link createTables} did. */
export interface TablesReport {
  created: string[];
  existing: string[];
  /** Whether DynamoDB removes expired call records and state by itself. False: an engine that cannot, or a TTL on another attribute. */
  expiry: boolean;
}

/** What {@link createTables} takes. */
export interface CreateTablesOptions {
  /** Told what happens, in one line each. */
  onProgress?: (line: string) => void;
  /** Milliseconds to wait for a table. Default 120000. */
  waitMs?: number;
}

/**
 * Creates the tables that are missing, waits until all are active, and turns on the expiry of call records and state. May be repeated.
 *
 * @throws DaemonError `store_failed` where a table has other keys or lacks an index, with all that is wrong; `store_busy`
 */
export async function createTables(dynamo: Dynamo, options: CreateTablesOptions = {}): Promise<TablesReport> {
  const { onProgress = () => undefined, waitMs = WAIT_MS } = options;
  const report: TablesReport = { created: [], existing: [], expiry: false };
  const problems: string[] = [];
  for (const shape of TABLES) {
    const before = await describe(dynamo, shape.name);
    if (before === undefined) {
      onProgress(`creating ${shape.name}`);
      await create(dynamo, shape);
    }
    (before === undefined ? report.created : report.existing).push(shape.name);
  }
  for (const shape of TABLES) {
    const table = await waitUntilActive(dynamo, shape.name, waitMs);
    onProgress(`${shape.name} is active`);
    problems.push(...problemsOf(shape, table));
  }
  if (problems.length > 0) throw new DaemonError('store_failed', problems.join('\n'));
  report.expiry = true;
  for (const table of EXPIRING) report.expiry = (await enableExpiry(dynamo, table)) && report.expiry;
  return report;
}

/** Whether an engine has a TTL at all: one that has none does not know the request. This one has no attribute, and changes nothing. */
async function hasExpiry(dynamo: Dynamo, table: string): Promise<boolean> {
  const command = new UpdateTimeToLiveCommand({
    TableName: table,
    TimeToLiveSpecification: { Enabled: true, AttributeName: '' },
  });
  try {
    await dynamo.raw(command);
  } catch (error) {
    return nameOf(error) !== 'UnknownOperationException';
  }
  return true;
}

/** Whether DynamoDB removes expired rows of a table. `unknown`: the engine does not support TTL. */
export async function expiryOf(dynamo: Dynamo, table: string): Promise<'on' | 'off' | 'other attribute' | 'unknown'> {
  const command = new DescribeTimeToLiveCommand({ TableName: table });
  try {
    const { TimeToLiveDescription: now } = await dynamo.raw(command);
    if (now?.TimeToLiveStatus !== 'ENABLED' && now?.TimeToLiveStatus !== 'ENABLING')
      return (await hasExpiry(dynamo, table)) ? 'off' : 'unknown';
    return now.AttributeName === TTL_ATTRIBUTE ? 'on' : 'other attribute';
  } catch (error) {
    if (nameOf(error) === 'UnknownOperationException') return 'unknown';
    throw toStoreError(error, placeOf(command));
  }
}
