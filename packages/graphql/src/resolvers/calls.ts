/** Reads call records. */
import type { CallQuery, CallRecord, CallStatus, FunctionRow, McpType } from '@mcp-daemon/core';
import { CALL_STATUSES, replayOf } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import { andThen } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, pageWanted } from '../base/paging.js';
import type { SelectionInfo } from '../base/selection.js';
import { selectedFields } from '../base/selection.js';
import type { BodyState } from '../reading/bodies.js';
import { argumentsState, contentState, jsonOf } from '../reading/bodies.js';
import { listCalls } from '../reading/call-list.js';
import type { Context } from '../reading/context.js';
import { hasRole } from '../reading/context.js';
import type { Loaders } from '../reading/loaders.js';
import type { Resolvers } from './resolver.js';

/** The filters of lists of calls. Times are in milliseconds since 1970. */
export interface CallFilters {
  mcpType: string;
  name: string;
  status: string;
  updatedAtGt: number;
  updatedAtLt: number;
  updatedBy: string;
  client: string;
  server: string;
  revision: string;
}

const FILTERS = ['mcpType', 'name', 'status', 'updatedAtGt', 'updatedAtLt', 'updatedBy', 'client', 'server', 'revision'] as const;
/** Fields that need the bodies of records. */
const BODY_FIELDS = ['arguments', 'argumentsState', 'content', 'contentState', 'result'];
/** Fields that need the catalog. */
const CATALOG_FIELDS = ['mcpFunction', 'argumentsState', 'contentState'];
const TYPES: readonly string[] = ['tool', 'resource', 'prompt'];
const MAX_INT = 2 ** 31 - 1;

/** @throws ApiError `BAD_USER_INPUT` */
export function callStatus(status: string): CallStatus {
  // The Python engine begins a record with this word.
  const word = status === 'initial' ? 'in_process' : status;
  if ((CALL_STATUSES as readonly string[]).includes(word)) return word as CallStatus;
  throw new ApiError('BAD_USER_INPUT', `status must be one of ${CALL_STATUSES.join(', ')}, initial.`);
}

/** @throws ApiError `BAD_USER_INPUT` */
export function callType(type: string): McpType {
  if (TYPES.includes(type)) return type as McpType;
  throw new ApiError('BAD_USER_INPUT', `mcpType must be one of ${TYPES.join(', ')}.`);
}

/** The filters as a query of a store. @throws ApiError `BAD_USER_INPUT` */
export function callQuery(filters: Partial<CallFilters>): CallQuery {
  const { mcpType, status, updatedAtGt, updatedAtLt, updatedBy, name, client, server, revision } = filters;
  const query: CallQuery = {
    ...(name === undefined ? {} : { name }),
    ...(mcpType === undefined ? {} : { mcp_type: callType(mcpType) }),
    ...(status === undefined ? {} : { status: callStatus(status) }),
    ...(updatedAtGt === undefined ? {} : { updated_at_gt: updatedAtGt }),
    ...(updatedAtLt === undefined ? {} : { updated_at_lt: updatedAtLt }),
    ...(updatedBy === undefined ? {} : { updated_by: updatedBy }),
    ...(client === undefined ? {} : { client }),
    ...(server === undefined ? {} : { server }),
    ...(revision === undefined ? {} : { revision }),
  };
  return query;
}

/** Reads the catalog before the rows need it: fields that have it at once cost far less than fields that wait for it. */
async function known(loaders: Loaders): Promise<void> {
  try {
    await loaders.served();
  } catch {
    // The fields that need it get the same error.
  }
}

async function readList(args: Given<CallFilters> & PageArgs, context: Context, info: SelectionInfo): Promise<unknown> {
  const { caller, limits, deadline, loaders } = context;
  const { partition } = caller;
  const wanted = pageWanted(args, limits);
  const filters = filtersOf<CallFilters>(args, FILTERS, limits);
  const fields = selectedFields(info, ['mcpFunctionCallList']);
  const query = { ...callQuery(filters), bodies: BODY_FIELDS.some((field) => fields.has(field)) };
  const { calls } = await loaders.store();
  if (CATALOG_FIELDS.some((field) => fields.has(field))) await known(loaders);
  const seal = listSeal(partition, 'calls', filters);
  const page = await listCalls({ calls, partition, query, wanted, seal, countBodies: loaders.countBodies, deadline, limits });
  const wantsTotal = selectedFields(info).has('total') || selectedFields(info).has('totalIsExact');
  // One more than is shown, so that it is known whether there are more.
  const counted = wantsTotal ? await deadline.within(() => calls.count(partition, query, limits.maxCounted + 1)) : 0;
  return {
    pageSize: wanted.size,
    pageNumber: wanted.number,
    total: Math.min(counted, limits.maxCounted),
    totalIsExact: counted <= limits.maxCounted,
    hasNextPage: page.hasNextPage,
    endCursor: page.endCursor,
    mcpFunctionCallList: page.items,
  };
}

/** Whether a caller may see what was said in a call. */
const maySee = (record: CallRecord, { caller }: Context): boolean =>
  record.updated_by === caller.subject || hasRole(caller, 'admin');

/** A member of a record that only administrators see, and the caller of the function. */
const ifSeen =
  (member: (record: CallRecord) => unknown) =>
  (record: CallRecord, _: unknown, context: Context): unknown =>
    maySee(record, context) ? (member(record) ?? null) : null;

const stateOf =
  (state: (record: CallRecord, row: FunctionRow | undefined) => BodyState) =>
  (record: CallRecord, _: unknown, context: Context): unknown => {
    if (!maySee(record, context)) return 'WITHHELD';
    return andThen(context.loaders.served(), (served) => state(record, served.functionByName.get(record.name)));
  };

export const callResolvers: Resolvers = {
  Query: {
    mcpFunctionCall: async (_: unknown, args: { mcpFunctionCallUuid: string }, { loaders }) =>
      (await loaders.calls.load(args.mcpFunctionCallUuid)) ?? null,
    mcpFunctionCallList: (_: unknown, args: Given<CallFilters> & PageArgs, context, info) => readList(args, context, info),
  },
  MCPFunctionCallType: {
    partitionKey: (row: CallRecord) => row.partition_key,
    mcpFunctionCallUuid: (row: CallRecord) => row.mcp_function_call_uuid,
    mcpType: (row: CallRecord) => row.mcp_type,
    arguments: ifSeen((row) => jsonOf(row.arguments) ?? row.arguments),
    argumentsState: stateOf(argumentsState),
    content: ifSeen((row) => row.content),
    result: ifSeen((row) => jsonOf(row.content)),
    contentState: stateOf(contentState),
    contentInS3: (row: CallRecord) => row.content_in_s3,
    notes: ifSeen((row) => row.notes),
    timeSpent: ({ time_spent: ms }: CallRecord) => (ms === null ? null : Math.min(Math.round(ms), MAX_INT)),
    timeSpentMs: (row: CallRecord) => row.time_spent,
    replayOf: (row: CallRecord) => replayOf(row) ?? null,
    revision: (row: CallRecord) => row.revision || null,
    bundleDigest: (row: CallRecord) => row.bundle_digest,
    clientId: (row: CallRecord) => row.client_id,
    mcpFunction: ({ name }: CallRecord, _, { loaders }) =>
      andThen(loaders.served(), (served) => served.functionByName.get(name) ?? null),
    updatedBy: (row: CallRecord) => row.updated_by,
    createdAt: (row: CallRecord) => row.created_at,
    updatedAt: (row: CallRecord) => row.updated_at,
  },
};
