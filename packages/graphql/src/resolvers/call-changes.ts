/** Creates, changes and removes call records. */
import type { CallRecord } from '@mcp-daemon/core';
import { uuidv7 } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { givenOr } from '../base/arguments.js';
import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf } from '../reading/context.js';
import { callStatus, callType } from './calls.js';
import type { Resolvers } from './resolver.js';

interface CallArgs {
  mcpFunctionCallUuid: string;
  name: string;
  mcpType: string;
  arguments: unknown;
  contentInS3: boolean;
  content: string;
  status: string;
  notes: string;
  timeSpent: number;
  updatedBy: string;
}

type Args = Given<CallArgs>;

const unknownCall = (): ApiError => new ApiError('NOT_FOUND', 'The partition has no call record with this uuid.');

function newRecord({ name, mcpType }: Args, partition: string, author: string): CallRecord {
  if (!name || !mcpType) throw new ApiError('BAD_USER_INPUT', 'name and mcpType are required for a new record.');
  const now = Date.now();
  return {
    ...{ partition_key: partition, mcp_function_call_uuid: uuidv7(), name, mcp_type: callType(mcpType) },
    ...{ arguments: null, content: null, content_in_s3: false, status: 'in_process', notes: null, time_spent: null },
    ...{ updated_by: author, created_at: now, updated_at: now, fault: null, revision: '', bundle_digest: null, owner: '' },
    ...{ traceparent: null, server: null, client: null, client_id: null },
  };
}

/** @throws ApiError `BAD_USER_INPUT` where something is null that cannot be */
function changedRecord(args: Args, before: CallRecord): CallRecord {
  for (const key of ['name', 'mcpType', 'status'] as const)
    if (args[key] === null) throw new ApiError('BAD_USER_INPUT', `${key} cannot be null.`);
  const { timeSpent } = args;
  if (typeof timeSpent === 'number' && timeSpent < 0) throw new ApiError('BAD_USER_INPUT', 'timeSpent must not be negative.');
  const given = args.arguments;
  return {
    ...before,
    name: args.name ?? before.name,
    mcp_type: args.mcpType === undefined || args.mcpType === null ? before.mcp_type : callType(args.mcpType),
    arguments: given === undefined ? before.arguments : given === null ? null : JSON.stringify(given),
    content: givenOr<CallArgs, 'content'>(args, 'content', before.content),
    content_in_s3: 'content' in args ? false : before.content_in_s3,
    status: args.status === undefined || args.status === null ? before.status : callStatus(args.status),
    notes: givenOr<CallArgs, 'notes'>(args, 'notes', before.notes),
    time_spent: givenOr<CallArgs, 'timeSpent'>(args, 'timeSpent', before.time_spent),
    updated_at: Math.max(Date.now(), before.updated_at),
  };
}

async function insertUpdate(args: Args, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  const { loaders, deadline, caller } = context;
  const { partition } = caller;
  const { calls, owner } = await loaders.store();
  const { mcpFunctionCallUuid: uuid } = args;
  let before: CallRecord | undefined;
  if (uuid === null || uuid === undefined) before = newRecord(args, partition, author);
  else before = await deadline.within(() => calls.get(partition, uuid));
  if (before === undefined) throw unknownCall();
  // Whoever changes a record, it still says who made the call.
  const record: CallRecord = { ...changedRecord(args, before), owner };
  await deadline.within(() => calls.write([record]));
  loaders.calls.clear(record.mcp_function_call_uuid);
  return { mcpFunctionCall: record };
}

interface DeleteArgs {
  mcpFunctionCallUuid: string;
  updatedBy?: string | null;
}

async function remove({ mcpFunctionCallUuid: uuid, updatedBy }: DeleteArgs, context: Context): Promise<object> {
  authorOf(context, updatedBy);
  const { loaders, deadline, caller } = context;
  const { calls, name } = await loaders.store();
  if (calls.delete === undefined)
    throw new ApiError('NOT_AVAILABLE', `The ${name} store removes records by their age and number only.`);
  if (!(await deadline.within(() => calls.delete?.(caller.partition, uuid) ?? false))) throw unknownCall();
  loaders.calls.clear(uuid);
  return { ok: true };
}

export const callChanges: Resolvers = {
  Mutation: {
    insertUpdateMcpFunctionCall: (_: unknown, args: Args, context) => insertUpdate(args, context),
    deleteMcpFunctionCall: (_: unknown, args: DeleteArgs, context) => remove(args, context),
  },
};
