/** The records of calls. */
import type { Json, JsonObject } from '../base/json.js';
import { isObject, parseJson } from '../base/json.js';
import { query } from './graphql.js';
import type { Page } from './read.js';
import { number, object, page, text, time } from './read.js';
import type { Access } from './request.js';

/** A record, as a list shows it. */
export interface CallRow {
  readonly id: string;
  readonly name: string;
  /** `tool`, `resource` or `prompt`. */
  readonly type: string;
  readonly status: string;
  readonly fault: string | undefined;
  /** The caller. */
  readonly subject: string | undefined;
  readonly client: string | undefined;
  /** Milliseconds. */
  readonly timeSpent: number | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined;
  readonly notes: string | undefined;
}

/** Arguments or a result: the value, or why it is not there. */
export interface Body {
  readonly value: Json | undefined;
  /** `KEPT`, `REDACTED`, `CUT`, `POLICY`, `RUNNING`, `NONE`, `GONE` or `WITHHELD`. */
  readonly state: string;
}

/** All that a record says. */
export interface CallDetails extends CallRow {
  readonly partition: string;
  readonly arguments: Body;
  readonly result: Body;
  readonly revision: string | undefined;
  readonly bundleDigest: string | undefined;
  readonly server: string | undefined;
  readonly traceparent: string | undefined;
  /** The OAuth client of the caller's token. */
  readonly clientId: string | undefined;
  readonly updatedAt: number | undefined;
  readonly inBlobStore: boolean;
  /** Whether the catalog has a function of this name now. */
  readonly isKnown: boolean;
  /** Whether calling it again changes nothing, as far as its author says. */
  readonly isReadOnly: boolean;
  /** The id of the call that this one repeats. */
  readonly replayOf: string | undefined;
}

/** Which records to list. Empty texts filter nothing. */
export interface CallFilter {
  readonly name: string;
  readonly status: string;
  readonly mcpType: string;
  readonly updatedBy: string;
  readonly client: string;
  readonly revision: string;
  /** Hours back from now; empty: no limit. */
  readonly hours: string;
}

/** A page of records, and how many match. */
export interface CallPage extends Page<CallRow> {
  readonly total: number;
  readonly totalIsExact: boolean;
}

const ROW = `mcpFunctionCallUuid name mcpType status fault updatedBy client timeSpentMs createdAt notes`;
const LIST = `query Calls($first: Int, $after: String, $name: String, $status: String, $mcpType: String, $updatedBy: String,
  $client: String, $revision: String, $updatedAtGt: DateTime) {
  mcpFunctionCallList(first: $first, after: $after, name: $name, status: $status, mcpType: $mcpType, updatedBy: $updatedBy,
    client: $client, revision: $revision, updatedAtGt: $updatedAtGt) {
    total totalIsExact hasNextPage endCursor mcpFunctionCallList { ${ROW} }
  }
}`;
const ONE = `query Call($id: String!) {
  mcpFunctionCall(mcpFunctionCallUuid: $id) {
    ${ROW} partitionKey arguments argumentsState content result contentState contentInS3 revision bundleDigest server traceparent clientId updatedAt replayOf
    mcpFunction { name annotations }
  }
}`;

const rowOf = (from: JsonObject): CallRow => ({
  id: text(from, 'mcpFunctionCallUuid') ?? '',
  name: text(from, 'name') ?? '',
  type: text(from, 'mcpType') ?? '',
  status: text(from, 'status') ?? '',
  fault: text(from, 'fault'),
  subject: text(from, 'updatedBy'),
  client: text(from, 'client'),
  timeSpent: number(from, 'timeSpentMs'),
  createdAt: time(from, 'createdAt'),
  notes: text(from, 'notes'),
});

/** Whether the annotations of a function, as JSON text, say that it changes nothing. */
function saysReadOnly(annotations: string | undefined): boolean {
  const read = annotations === undefined ? undefined : parseJson(annotations);
  return read !== undefined && 'value' in read && isObject(read.value) && read.value['readOnlyHint'] === true;
}

/** One page of records, newest first. @param after the cursor of the page before */
export async function listCalls(
  access: Access,
  filter: CallFilter,
  after: string | undefined,
  first: number,
  signal: AbortSignal,
): Promise<CallPage> {
  const { hours, ...texts } = filter;
  const since = hours === '' ? undefined : new Date(Date.now() - Number(hours) * 3_600_000).toISOString();
  const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''));
  const variables = {
    ...given,
    first,
    ...(after === undefined ? {} : { after }),
    ...(since === undefined ? {} : { updatedAtGt: since }),
  };
  const list = object(await query(access, LIST, variables, signal), 'mcpFunctionCallList');
  return {
    ...page(list, 'mcpFunctionCallList', rowOf),
    total: number(list, 'total') ?? 0,
    totalIsExact: list['totalIsExact'] !== false,
  };
}

/** One record; undefined: the partition has none of this id. */
export async function readCall(access: Access, id: string, signal: AbortSignal): Promise<CallDetails | undefined> {
  const found = (await query(access, ONE, { id }, signal))['mcpFunctionCall'];
  if (found === null || found === undefined) return undefined;
  const from = found as JsonObject;
  const result = from['result'] ?? from['content'];
  return {
    ...rowOf(from),
    partition: text(from, 'partitionKey') ?? access.partition,
    arguments: { value: from['arguments'] ?? undefined, state: text(from, 'argumentsState') ?? 'NONE' },
    result: { value: result ?? undefined, state: text(from, 'contentState') ?? 'NONE' },
    revision: text(from, 'revision'),
    bundleDigest: text(from, 'bundleDigest'),
    server: text(from, 'server'),
    traceparent: text(from, 'traceparent'),
    clientId: text(from, 'clientId'),
    updatedAt: time(from, 'updatedAt'),
    inBlobStore: from['contentInS3'] === true,
    isKnown: isObject(from['mcpFunction']),
    isReadOnly: text(from, 'mcpType') !== 'tool' || saysReadOnly(text(object(from, 'mcpFunction'), 'annotations')),
    replayOf: text(from, 'replayOf'),
  };
}
