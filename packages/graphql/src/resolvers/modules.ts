/** Reads modules. */
import type { FunctionRow, ModuleRow } from '@mcp-daemon/core';
import { compareText } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import { andThen } from '../base/deadline.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, pageOf, pageWanted } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { Served } from '../reading/served.js';
import type { Resolvers } from './resolver.js';

interface ModuleFilters {
  moduleName: string;
  packageName: string;
  mcpType: string;
  description: string;
  className: string;
  functionName: string;
}

const FILTERS = ['moduleName', 'packageName', 'mcpType', 'description', 'className', 'functionName'] as const;

/** Whether one function of a module matches all filters of functions. */
function hasFunction(functions: readonly FunctionRow[], { mcpType, description, functionName }: Partial<ModuleFilters>): boolean {
  if (mcpType === undefined && description === undefined && functionName === undefined) return true;
  return functions.some(
    (row) =>
      (mcpType === undefined || row.mcp_type === mcpType) &&
      (description === undefined || (row.description ?? '').includes(description)) &&
      (functionName === undefined || row.function_name === functionName),
  );
}

function matches(row: ModuleRow, functions: readonly FunctionRow[], filters: Partial<ModuleFilters>): boolean {
  const { moduleName, packageName, className } = filters;
  if (moduleName !== undefined && !row.module_name.includes(moduleName)) return false;
  if (packageName !== undefined && (row.package_name || row.module_name) !== packageName) return false;
  const hasClass = (): boolean =>
    row.classes.some(({ class_name }) => class_name === className) ||
    functions.some(({ class_name }) => class_name === className);
  if (className !== undefined && !hasClass()) return false;
  return hasFunction(functions, filters);
}

function listModules(served: Served, args: Given<ModuleFilters> & PageArgs, { limits, caller }: Context): unknown {
  const wanted = pageWanted(args, limits);
  const filters = filtersOf<ModuleFilters>(args, FILTERS, limits);
  const found = served.modules.filter((row) => matches(row, served.functionsOf(row.module_name), filters));
  const seal = listSeal(caller.partition, 'modules', filters);
  const { items, ...page } = pageOf(found, wanted, { seal, keyOf: (row) => row.module_name, order: compareText });
  return { ...page, mcpModuleList: items };
}

export const moduleResolvers: Resolvers = {
  Query: {
    mcpModule: (_: unknown, { moduleName }: { moduleName: string }, { loaders }) =>
      andThen(loaders.served(), (served) => served.moduleByName.get(moduleName) ?? null),
    mcpModuleList: (_: unknown, args: Given<ModuleFilters> & PageArgs, context) =>
      andThen(context.loaders.served(), (served) => listModules(served, args, context)),
  },
  MCPModuleType: {
    partitionKey: (_: ModuleRow, _args, { caller }) => caller.partition,
    moduleName: (row: ModuleRow) => row.module_name,
    packageName: (row: ModuleRow) => row.package_name || row.module_name,
    classes: ({ classes }: ModuleRow) =>
      classes.map(({ class_name, setting_id }) => ({ className: class_name || null, settingId: setting_id || null })),
    source: (row: ModuleRow) => row.source || null,
    mcpFunctions: (row: ModuleRow, _, { loaders }) => andThen(loaders.served(), (served) => served.functionsOf(row.module_name)),
    mcpSettings: ({ classes }: ModuleRow, _, { loaders }) => {
      const ids = new Set(classes.map(({ setting_id }) => setting_id));
      return andThen(loaders.settings(), (settings) => settings.filter(({ setting_id }) => ids.has(setting_id)));
    },
    updatedBy: (row: ModuleRow) => row.updated_by,
    createdAt: (row: ModuleRow) => row.created_at,
    updatedAt: (row: ModuleRow) => row.updated_at,
  },
};
