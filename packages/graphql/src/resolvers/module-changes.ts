/** Creates, changes and removes modules. */
import type { CatalogRows, ModuleClass, ModuleRow, RowChanges } from '@mcp-daemon/core';
import { editRows, isObject } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { givenOr } from '../base/arguments.js';
import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf, catalogsToChange, changed } from '../reading/context.js';
import { properKeys } from '../writing/config-input.js';
import type { Resolvers } from './resolver.js';

interface ModuleArgs {
  packageName: string;
  classes: readonly unknown[];
  source: string;
  updatedBy: string;
}

type Args = Given<ModuleArgs> & { readonly moduleName: string };

const NEW: Omit<ModuleRow, 'module_name'> = {
  ...{ package_name: null, classes: [], source: null, sha256: null, isolation: null },
  ...{ updated_by: null, created_at: null, updated_at: null },
};

function textOrNull(value: unknown, what: string): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'string') return value;
  throw new ApiError('BAD_USER_INPUT', `${what} must be a text.`);
}

/** @throws ApiError `BAD_USER_INPUT` */
function classesOf(given: readonly unknown[]): ModuleClass[] {
  return given.map((entry, index) => {
    const at = `classes[${index}]`;
    if (!isObject(entry)) throw new ApiError('BAD_USER_INPUT', `${at} must be an object.`);
    const { class_name, setting_id, ...rest } = properKeys(entry);
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new ApiError('BAD_USER_INPUT', `${at} has an unknown member "${unknown}".`);
    return { class_name: textOrNull(class_name, `${at}.className`), setting_id: textOrNull(setting_id, `${at}.settingId`) };
  });
}

function changedRow(args: Args, before: ModuleRow | undefined): ModuleRow {
  const old = before ?? { ...NEW, module_name: args.moduleName };
  return {
    ...old,
    package_name: givenOr<ModuleArgs, 'packageName'>(args, 'packageName', old.package_name),
    classes: 'classes' in args ? classesOf(args.classes ?? []) : old.classes,
    source: givenOr<ModuleArgs, 'source'>(args, 'source', old.source) ?? null,
  };
}

async function insertUpdate(args: Args, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  if (args.moduleName === '') throw new ApiError('BAD_USER_INPUT', 'moduleName must not be empty.');
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const edit = (rows: CatalogRows): RowChanges => ({
    putModules: [
      changedRow(
        args,
        rows.modules.find(({ module_name }) => module_name === args.moduleName),
      ),
    ],
  });
  await context.deadline.within(() => editRows(catalogs, partition, edit, { author, source: 'graphql' }));
  await changed(context);
  return { mcpModule: (await context.loaders.served()).moduleByName.get(args.moduleName) ?? null };
}

interface DeleteArgs {
  moduleName: string;
  force?: boolean | null;
  updatedBy?: string | null;
}

async function remove({ moduleName, force, updatedBy }: DeleteArgs, context: Context): Promise<object> {
  const author = authorOf(context, updatedBy);
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const edit = ({ functions, modules, bad }: CatalogRows): RowChanges => {
    const isThere =
      modules.some(({ module_name }) => module_name === moduleName) || bad.some(({ row }) => row === `mcp-modules/${moduleName}`);
    if (!isThere) throw new ApiError('NOT_FOUND', 'The partition has no module of this name.');
    const users = functions.filter(({ module_name }) => module_name === moduleName).map(({ name }) => name);
    if (users.length > 0 && force !== true)
      throw new ApiError(
        'IN_USE',
        `The module "${moduleName}" is used by ${users.slice(0, 20).join(', ')}${users.length > 20 ? ', …' : ''}. With force they are removed, too.`,
        { users },
      );
    return { deleteModules: [moduleName], deleteFunctions: users };
  };
  await context.deadline.within(() => editRows(catalogs, partition, edit, { author, source: 'graphql' }));
  await changed(context);
  return { ok: true };
}

export const moduleChanges: Resolvers = {
  Mutation: {
    insertUpdateMcpModule: (_: unknown, args: Args, context) => insertUpdate(args, context),
    deleteMcpModule: (_: unknown, args: DeleteArgs, context) => remove(args, context),
  },
};
