/** Creates, changes and removes functions. */
import type { CatalogRows, FunctionRow, JsonObject, RowChanges } from '@mcp-daemon/core';
import { editRows, isObject, LINK_KEY } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { givenOr } from '../base/arguments.js';
import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf, catalogsToChange, changed } from '../reading/context.js';
import { properKeys } from '../writing/config-input.js';
import type { Resolvers } from './resolver.js';

interface FunctionArgs {
  mcpType: string;
  description: string;
  data: unknown;
  annotations: string;
  moduleName: string;
  className: string;
  functionName: string;
  returnType: string;
  isAsync: boolean;
  updatedBy: string;
}

type Args = Given<FunctionArgs> & { readonly name: string };

const NEW: Omit<FunctionRow, 'name' | 'mcp_type'> = {
  ...{ description: null, data: null, annotations: null, module_name: null, class_name: null, function_name: null },
  ...{ return_type: null, is_async: null, updated_by: null, created_at: null, updated_at: null },
};

/** `data` of a row: what the client gave, and what the link says, which clients do not see as data. */
function dataOf(args: Args, before: FunctionRow | undefined): JsonObject | null {
  const link = before?.data?.[LINK_KEY];
  const known: JsonObject = isObject(link) ? { ...link } : {};
  if ('returnType' in args) delete known['auto_return_type'];
  if (!('data' in args)) {
    if (before?.data === null || before?.data === undefined) return { [LINK_KEY]: known };
    return isObject(link) ? { ...before.data, [LINK_KEY]: known } : before.data;
  }
  if (args.data === null) return { [LINK_KEY]: known };
  if (!isObject(args.data)) throw new ApiError('BAD_USER_INPUT', 'data must be an object.');
  return { [LINK_KEY]: known, ...properKeys(args.data) };
}

/** A tool without a schema takes any object, as in a config file. */
function withSchema(mcpType: string, data: JsonObject | null): JsonObject | null {
  if (mcpType !== 'tool' || data === null) return data;
  const schema = data['inputSchema'] ?? data['input_schema'];
  return schema === undefined || schema === null ? { ...data, inputSchema: { type: 'object' } } : data;
}

/** Annotations of their JSON text. A text that is not JSON stays a text, which the check of the row refuses. */
function annotationsOf(text: string | null): unknown {
  if (text === null || text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError('BAD_USER_INPUT', 'annotations must be JSON text.');
  }
}

function changedRow(args: Args, before: FunctionRow | undefined): FunctionRow {
  const mcpType = givenOr<FunctionArgs, 'mcpType'>(args, 'mcpType', before?.mcp_type ?? null);
  if (mcpType === null) throw new ApiError('BAD_USER_INPUT', 'mcpType is required for a new function, and cannot be null.');
  const old = before ?? { ...NEW, name: args.name, mcp_type: mcpType };
  return {
    ...old,
    mcp_type: mcpType,
    description: givenOr<FunctionArgs, 'description'>(args, 'description', old.description),
    data: withSchema(mcpType, dataOf(args, before)),
    annotations: 'annotations' in args ? annotationsOf(args.annotations ?? null) : old.annotations,
    module_name: givenOr<FunctionArgs, 'moduleName'>(args, 'moduleName', old.module_name),
    class_name: givenOr<FunctionArgs, 'className'>(args, 'className', old.class_name),
    function_name: givenOr<FunctionArgs, 'functionName'>(args, 'functionName', old.function_name),
    return_type: givenOr<FunctionArgs, 'returnType'>(args, 'returnType', old.return_type),
    is_async: givenOr<FunctionArgs, 'isAsync'>(args, 'isAsync', old.is_async),
  };
}

async function insertUpdate(args: Args, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  if (args.name === '') throw new ApiError('BAD_USER_INPUT', 'name must not be empty.');
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const edit = (rows: CatalogRows): RowChanges => ({
    putFunctions: [
      changedRow(
        args,
        rows.functions.find(({ name }) => name === args.name),
      ),
    ],
  });
  await context.deadline.within(() => editRows(catalogs, partition, edit, { author, source: 'graphql' }));
  await changed(context);
  return { mcpFunction: (await context.loaders.served()).functionByName.get(args.name) ?? null };
}

async function remove({ name, updatedBy }: { name: string; updatedBy?: string | null }, context: Context): Promise<object> {
  const author = authorOf(context, updatedBy);
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const edit = ({ functions, bad }: CatalogRows): RowChanges => {
    const isThere = functions.some((row) => row.name === name) || bad.some(({ row }) => row === `mcp-functions/${name}`);
    if (!isThere) throw new ApiError('NOT_FOUND', 'The partition has no function of this name.');
    return { deleteFunctions: [name] };
  };
  await context.deadline.within(() => editRows(catalogs, partition, edit, { author, source: 'graphql' }));
  await changed(context);
  return { ok: true };
}

export const functionChanges: Resolvers = {
  Mutation: {
    insertUpdateMcpFunction: (_: unknown, args: Args, context) => insertUpdate(args, context),
    deleteMcpFunction: (_: unknown, args: { name: string; updatedBy?: string | null }, context) => remove(args, context),
  },
};
