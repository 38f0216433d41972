/** Creates, changes and removes settings. */
import { randomUUID } from 'node:crypto';

import type { JsonObject } from '@mcp-daemon/core';
import { changeSetting, isObject, removeSetting } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf, catalogsToChange, changed } from '../reading/context.js';
import { unmaskSetting } from '../writing/unmask.js';
import type { Resolvers } from './resolver.js';
import { readSetting } from './settings.js';

interface SettingArgs {
  settingId?: string | null;
  setting?: unknown;
  updatedBy?: string | null;
}

const unknownSetting = (): ApiError => new ApiError('NOT_FOUND', 'The partition has no setting with this id.');

function objectOf(setting: unknown): JsonObject {
  if (isObject(setting)) return setting;
  throw new ApiError('BAD_USER_INPUT', 'setting must be an object.');
}

async function insertUpdate(args: SettingArgs, context: Context): Promise<object> {
  const author = authorOf(context, args.updatedBy);
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const { settingId } = args;
  const isNew = settingId === null || settingId === undefined || settingId === '';
  const id = isNew ? randomUUID() : settingId;
  const before = isNew ? undefined : await context.deadline.within(() => catalogs.setting(partition, id));
  if (!isNew && before === undefined) throw unknownSetting();
  if (isNew || 'setting' in args) {
    const setting = unmaskSetting(objectOf(args.setting), before?.setting ?? {});
    await context.deadline.within(() => changeSetting(catalogs, partition, id, setting, { author, create: isNew }));
    await changed(context);
  }
  return { mcpSetting: await readSetting(context, id) };
}

async function remove(
  { settingId, updatedBy }: { settingId: string; updatedBy?: string | null },
  context: Context,
): Promise<object> {
  authorOf(context, updatedBy);
  const { partition } = context.caller;
  const catalogs = await catalogsToChange(context);
  const users = (await context.loaders.served()).classesWith(settingId);
  if (users.length > 0) throw new ApiError('IN_USE', `The setting "${settingId}" is used by ${users.join(', ')}.`, { users });
  if ((await context.deadline.within(() => catalogs.setting(partition, settingId))) === undefined) throw unknownSetting();
  await context.deadline.within(() => removeSetting(catalogs, partition, settingId));
  await context.deadline.within(() => catalogs.touch(partition)); // other processes keep settings until the head changes
  await changed(context);
  return { ok: true };
}

export const settingChanges: Resolvers = {
  Mutation: {
    insertUpdateMcpSetting: (_: unknown, args: SettingArgs, context) => insertUpdate(args, context),
    deleteMcpSetting: (_: unknown, args: { settingId: string; updatedBy?: string | null }, context) => remove(args, context),
  },
};
