/** Reads functions. */
import type { FunctionRow } from '@mcp-daemon/core';
import { compareText } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import { andThen } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, pageOf, pageWanted } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { Served } from '../reading/served.js';
import { shownData, shownLink, shownReturnType } from '../reading/served.js';
import type { Resolvers } from './resolver.js';

interface FunctionFilters {
  mcpType: string;
  name: string;
  description: string;
  moduleName: string;
  className: string;
  functionName: string;
  status: number;
}

const FILTERS = ['mcpType', 'name', 'description', 'moduleName', 'className', 'functionName', 'status'] as const;

/** Why a function is not served; null: it is. */
function problemOf(served: Served, { name }: FunctionRow): string | null {
  return served.bad().find(({ row }) => row === `mcp-functions/${name}`)?.reason ?? null;
}

function matches(row: FunctionRow, filters: Partial<FunctionFilters>): boolean {
  const { mcpType, name, description, moduleName, className, functionName } = filters;
  if (mcpType !== undefined && row.mcp_type !== mcpType) return false;
  if (name !== undefined && !row.name.includes(name)) return false;
  if (description !== undefined && !(row.description ?? '').includes(description)) return false;
  if (moduleName !== undefined && row.module_name !== moduleName) return false;
  if (className !== undefined && row.class_name !== className) return false;
  return functionName === undefined || row.function_name === functionName;
}

function listFunctions(served: Served, args: Given<FunctionFilters> & PageArgs, { limits, caller }: Context): unknown {
  const wanted = pageWanted(args, limits);
  const filters = filtersOf<FunctionFilters>(args, FILTERS, limits);
  const { status } = filters;
  if (status !== undefined && status !== 0 && status !== 1) throw new ApiError('BAD_USER_INPUT', 'status must be 0 or 1.');
  let found = served.functions;
  if (Object.keys(filters).length > 0) found = found.filter((row) => matches(row, filters));
  if (status !== undefined) {
    const bad = new Set(served.bad().map(({ row }) => row));
    found = found.filter(({ name }) => bad.has(`mcp-functions/${name}`) === (status === 0));
  }
  const seal = listSeal(caller.partition, 'functions', filters);
  const { items, ...page } = pageOf(found, wanted, { seal, keyOf: ({ name }) => name, order: compareText });
  return { ...page, mcpFunctionList: items };
}

/** Annotations as the text that the Python engine keeps. */
const annotationsText = ({ annotations }: FunctionRow): string | null =>
  annotations === null || annotations === undefined
    ? null
    : typeof annotations === 'string'
      ? annotations
      : JSON.stringify(annotations);

export const functionResolvers: Resolvers = {
  Query: {
    mcpFunction: (_: unknown, { name }: { name: string }, { loaders }) =>
      andThen(loaders.served(), (served) => served.functionByName.get(name) ?? null),
    mcpFunctionList: (_: unknown, args: Given<FunctionFilters> & PageArgs, context) =>
      andThen(context.loaders.served(), (served) => listFunctions(served, args, context)),
  },
  MCPFunctionType: {
    partitionKey: (_: FunctionRow, _args, { caller }) => caller.partition,
    mcpType: (row: FunctionRow) => row.mcp_type,
    data: (row: FunctionRow) => shownData(row),
    annotations: (row: FunctionRow) => annotationsText(row),
    moduleName: (row: FunctionRow) => row.module_name,
    className: (row: FunctionRow) => row.class_name || null,
    functionName: (row: FunctionRow) => row.function_name,
    returnType: (row: FunctionRow) => shownReturnType(row),
    isAsync: (row: FunctionRow) => row.is_async,
    status: (row: FunctionRow, _, { loaders }) =>
      andThen(loaders.served(), (served) => (problemOf(served, row) === null ? 1 : 0)),
    problem: (row: FunctionRow, _, { loaders }) => andThen(loaders.served(), (served) => problemOf(served, row)),
    link: (row: FunctionRow) => shownLink(row),
    mcpModule: ({ module_name: module }: FunctionRow, _, { loaders }) =>
      module === null ? null : andThen(loaders.served(), (served) => served.moduleByName.get(module) ?? null),
    updatedBy: (row: FunctionRow) => row.updated_by,
    createdAt: (row: FunctionRow) => row.created_at,
    updatedAt: (row: FunctionRow) => row.updated_at,
  },
};
