/** Reads settings. Their values are masked for everybody. */
import type { SettingRow } from '@mcp-daemon/core';
import { compareText, maskSetting } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import { andThen } from '../base/deadline.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, pageOf, pageWanted } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { Resolvers } from './resolver.js';

interface SettingFilters {
  settingId: string;
}

/** One setting; null if there is none. @throws DaemonError `store_failed`, `store_busy` */
export async function readSetting({ loaders, cached, deadline, caller }: Context, id: string): Promise<SettingRow | null> {
  const served = await loaders.served();
  if (served.settings !== undefined) return served.settings.find(({ setting_id }) => setting_id === id) ?? null;
  const catalogs = cached(await loaders.store());
  return (await deadline.within(() => catalogs?.setting(caller.partition, id))) ?? null;
}

function listSettings(all: readonly SettingRow[], args: Given<SettingFilters> & PageArgs, { limits, caller }: Context): unknown {
  const wanted = pageWanted(args, limits);
  const filters = filtersOf<SettingFilters>(args, ['settingId'], limits);
  const { settingId } = filters;
  const found = settingId === undefined ? all : all.filter(({ setting_id }) => setting_id.includes(settingId));
  const seal = listSeal(caller.partition, 'settings', filters);
  const { items, ...page } = pageOf(found, wanted, { seal, keyOf: (row) => row.setting_id, order: compareText });
  return { ...page, mcpSettingList: items };
}

export const settingResolvers: Resolvers = {
  Query: {
    mcpSetting: (_: unknown, { settingId }: { settingId: string }, context) => readSetting(context, settingId),
    mcpSettingList: (_: unknown, args: Given<SettingFilters> & PageArgs, context) =>
      andThen(context.loaders.settings(), (settings) => listSettings(settings, args, context)),
  },
  MCPSettingType: {
    partitionKey: (_: SettingRow, _args, { caller }) => caller.partition,
    settingId: (row: SettingRow) => row.setting_id,
    setting: (row: SettingRow) => maskSetting(row.setting),
    classes: (row: SettingRow, _, { loaders }) => andThen(loaders.served(), (served) => served.classesWith(row.setting_id)),
    updatedBy: (row: SettingRow) => row.updated_by,
    createdAt: (row: SettingRow) => row.created_at,
    updatedAt: (row: SettingRow) => row.updated_at,
  },
};
