/** From a query for call records to the expressions of DynamoDB. */
import type { AttributeValue, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { CallQuery } from '@mcp-daemon/core';

import { OPEN_TYPE, SETTLED } from './call-item.js';
import { formatTime, lastOf } from './dates.js';
import { TABLE, TTL_ATTRIBUTE } from './table-names.js';

/** Attributes that a list without bodies needs. */
const WITHOUT_BODIES = [
  ...[
    'partition_key',
    'mcp_function_call_uuid',
    'name',
    'mcp_type',
    OPEN_TYPE,
    'content_in_s3',
    'status',
    'notes',
    'time_spent',
    'updated_by',
  ],
  ...[
    'created_at',
    'updated_at',
    'fault',
    'revision',
    'bundle_digest',
    'owner',
    'traceparent',
    'server',
    'client',
    'client_id',
    TTL_ATTRIBUTE,
  ],
];

/** Collects conditions with their names and values. */
export interface Conditions {
  /** The placeholder of an attribute's name. */
  name(attribute: string): string;
  /** The placeholder of a value. */
  value(value: AttributeValue): string;
  /** What the request takes. */
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
}

/** Creates an empty collection. Every name gets a placeholder: `name`, `status`, `owner` and others are reserved words. */
export function createConditions(): Conditions {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  let count = 0;
  return {
    names,
    values,
    name(attribute) {
      names[`#${attribute}`] = attribute;
      return `#${attribute}`;
    },
    value(value) {
      const placeholder = `:v${(count += 1)}`;
      values[placeholder] = value;
      return placeholder;
    },
  };
}

/** Whether no time can be after the one and before the other. */
const isEmptyRange = ({ updated_at_gt: after = -1, updated_at_lt: before = Infinity }: CallQuery): boolean =>
  before <= 0 || after + 1 > before - 1;

/** A text before this one, and after all texts of earlier times. */
export const justBefore = (text: string): string =>
  `${text.slice(0, -1)}${String.fromCharCode(Math.max(1, text.charCodeAt(text.length - 1) - 1))}~`;

/** The condition of the time; undefined: any time. @param until a text that the time's is not after */
function timeCondition(query: CallQuery, { name, value }: Conditions, until?: string): string | undefined {
  const { updated_at_gt: after, updated_at_lt: before } = query;
  const text = (time: string): string => value({ S: time });
  if (until !== undefined) {
    const last = before === undefined || until < lastOf(before - 1) ? until : lastOf(before - 1);
    if (after === undefined) return `${name('updated_at')} <= ${text(last)}`;
    return `${name('updated_at')} BETWEEN ${text(formatTime(after + 1))} AND ${text(last)}`;
  }
  if (after !== undefined && before !== undefined)
    return `${name('updated_at')} BETWEEN ${text(formatTime(after + 1))} AND ${text(lastOf(before - 1))}`;
  if (after !== undefined) return `${name('updated_at')} > ${text(lastOf(after))}`;
  if (before !== undefined) return `${name('updated_at')} < ${text(formatTime(before))}`;
  return undefined;
}

/** The conditions on a row's state: any word that is none of ours is one of a call that has not ended. */
export function statusCondition(status: string, { name, value }: Pick<Conditions, 'name' | 'value'>): string {
  if (status !== 'in_process') return `${name('status')} = ${value({ S: status })}`;
  return `NOT ${settledCondition({ name, value })}`;
}

/** The condition of a call that has ended. */
export const settledCondition = ({ name, value }: Pick<Conditions, 'name' | 'value'>): string =>
  `(${name('status')} IN (${SETTLED.map((word) => value({ S: word })).join(', ')}))`;

/** All conditions but those on the key of the queried index. */
function filters(query: CallQuery, conditions: Conditions, key: 'updated_at' | 'name', now: number): string[] {
  const { name, value } = conditions;
  const found = [
    `(attribute_not_exists(${name(TTL_ATTRIBUTE)}) OR ${name(TTL_ATTRIBUTE)} > ${value({ N: String(Math.floor(now / 1_000)) })})`,
  ];
  for (const attribute of ['name', 'updated_by', 'server', 'revision'] as const) {
    const wanted = query[attribute];
    if (wanted !== undefined && attribute !== key) found.push(`${name(attribute)} = ${value({ S: wanted })}`);
  }
  if (query.mcp_type !== undefined) {
    const wanted = value({ S: query.mcp_type });
    found.push(`(${name('mcp_type')} = ${wanted} OR ${name(OPEN_TYPE)} = ${wanted})`);
  }
  if (query.status !== undefined) found.push(statusCondition(query.status, conditions));
  if (query.client !== undefined)
    found.push(
      `(${name('client')} = ${value({ S: query.client })} OR begins_with(${name('client')}, ${value({ S: `${query.client}/` })}))`,
    );
  if (key !== 'updated_at') {
    const time = timeCondition(query, conditions);
    if (time !== undefined) found.push(time);
  }
  return found;
}

/** Whether no time of a query is up to this text. */
export const isOutside = ({ updated_at_gt: after }: CallQuery, until: string): boolean =>
  after !== undefined && until < formatTime(after + 1);

/** Whether a query asks for something that only a filter can tell: then a page is paid by what is looked at. */
export const isFiltered = ({ name, mcp_type, status, updated_by, client, server, revision }: CallQuery): boolean =>
  [name, mcp_type, status, updated_by, client, server, revision].some((wanted) => wanted !== undefined);

/** Whether no record can match: a text of an index cannot be empty, nor can a range of times. */
export const matchesNothing = (query: CallQuery): boolean => query.name === '' || isEmptyRange(query);

/**
 * The request for a query, newest first: along the time, or along a name, whose rows have no order in time.
 *
 * @param partition the value of `partition_key`: see {@link Spread}
 * @param key which index to read
 * @param now milliseconds since 1970: what expired before is left out
 * @param until along the time: a text of `updated_at` that those of the rows are not after
 */
export function callsRequest(
  partition: string,
  query: CallQuery,
  key: 'updated_at' | 'name',
  now: number,
  until?: string,
): QueryCommandInput {
  const conditions = createConditions();
  const { name, value, names, values } = conditions;
  const along = key === 'name' ? `${name('name')} = ${value({ S: query.name ?? '' })}` : timeCondition(query, conditions, until);
  const keys = [`${name('partition_key')} = ${value({ S: partition })}`, ...(along === undefined ? [] : [along])];
  const request: QueryCommandInput = {
    TableName: TABLE.calls,
    IndexName: `${key}-index`,
    ScanIndexForward: false,
    KeyConditionExpression: keys.join(' AND '),
    FilterExpression: filters(query, conditions, key, now).join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
  if (query.bodies !== false) return request;
  return { ...request, ProjectionExpression: WITHOUT_BODIES.map(name).join(', ') };
}
