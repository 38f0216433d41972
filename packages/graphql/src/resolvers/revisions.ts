/** Reads the catalog of a partition as a whole: where it comes from, its history, and how revisions differ. */
import type { BadRow, CatalogChange, CatalogStore, HistoryEntry, RowDifference } from '@mcp-daemon/core';
import { DaemonError, diffRevisions, findRevision, partitionStatus } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, openCursor, pageWanted, sealCursor } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { Served } from '../reading/served.js';
import type { Resolvers } from './resolver.js';

/** The catalogs of the store, and what the partition serves. Undefined: the catalog is not one of the store. */
async function history(context: Context): Promise<CatalogStore | undefined> {
  const { origin } = await context.loaders.served(); // reads the head, which drops what is out of date
  return origin === 'FILE' ? undefined : context.cached(await context.loaders.store());
}

/** The entry that a partition serves; undefined: it serves none. */
async function servedEntry({ loaders, cached, deadline, caller }: Context): Promise<HistoryEntry | undefined> {
  if ((await loaders.served()).origin !== 'REVISIONS') return undefined;
  const catalogs = cached(await loaders.store());
  const page = await deadline.within(() => catalogs?.history(caller.partition, { limit: 1 }));
  return page?.items[0];
}

async function readRevisions(args: PageArgs, context: Context): Promise<unknown> {
  const { caller, limits, deadline } = context;
  const { size, after } = pageWanted(args, limits);
  const seal = listSeal(caller.partition, 'revisions');
  const cursor = after === undefined ? undefined : openCursor(seal, after);
  const catalogs = await history(context);
  if (catalogs === undefined) return { hasNextPage: false, endCursor: null, revisionList: [] };
  const query = { limit: size, ...(cursor === undefined ? {} : { cursor }) };
  const page = await deadline.within(() => catalogs.history(caller.partition, query));
  return {
    hasNextPage: page.cursor !== undefined,
    endCursor: page.cursor === undefined ? null : sealCursor(seal, page.cursor),
    revisionList: page.items,
  };
}

async function readRevision(id: string, context: Context): Promise<HistoryEntry | null> {
  const catalogs = await history(context);
  if (catalogs === undefined) return null;
  try {
    return await context.deadline.within(() => findRevision(catalogs, context.caller.partition, id));
  } catch (error) {
    // Several that begin like this are an error: null would say that there is none.
    const isUnknown =
      error instanceof DaemonError && error.code === 'revision_not_found' && !error.message.includes(' revisions ');
    if (isUnknown) return null;
    throw error;
  }
}

async function readDiff({ from, to }: { from: string; to?: string | null }, context: Context): Promise<CatalogChange[]> {
  const { caller, deadline } = context;
  const catalogs = await history(context);
  if (catalogs === undefined) throw new ApiError('NOT_FOUND', `The partition "${caller.partition}" has no revisions.`);
  const target = to ?? (await servedEntry(context))?.id;
  if (target === undefined) throw new ApiError('NOT_FOUND', `The partition "${caller.partition}" serves no revision.`);
  return deadline.within(() => diffRevisions(catalogs, caller.partition, from, target));
}

/** Rows that others have changed since the revision was made. */
async function changedRows(context: Context): Promise<readonly RowDifference[]> {
  const { loaders, cached, deadline, caller } = context;
  if ((await loaders.served()).origin !== 'REVISIONS') return [];
  const catalogs = cached(await loaders.store());
  if (catalogs === undefined) return [];
  return (await deadline.within(() => partitionStatus(catalogs, caller.partition))).rows;
}

const badRows = (served: Served): readonly BadRow[] => served.bad();

export const revisionResolvers: Resolvers = {
  Query: {
    catalog: (_: unknown, _args: unknown, { loaders }) => loaders.served(),
    revisions: (_: unknown, args: PageArgs, context) => readRevisions(args, context),
    revision: (_: unknown, { id }: { id: string }, context) => readRevision(id, context),
    diff: (_: unknown, args: { from: string; to?: string | null }, context) => readDiff(args, context),
  },
  Catalog: {
    entry: (_: Served, _args: unknown, context) => servedEntry(context),
    functions: (served: Served) =>
      served.functions.length -
      served.bad().filter(({ row }) => served.functionByName.has(row.replace(/^mcp-functions\//, ''))).length,
    badRows,
    changedRows: (_: Served, _args: unknown, context) => changedRows(context),
  },
  ChangedRow: {
    updatedBy: (row: RowDifference) => row.updated_by,
    updatedAt: (row: RowDifference) => row.updated_at,
  },
  Revision: {
    createdAt: (entry: HistoryEntry) => entry.created_at,
    isServed: async (entry: HistoryEntry, _: unknown, context) => (await servedEntry(context))?.id === entry.id,
    config: async ({ revision }: HistoryEntry, _: unknown, { loaders, cached, deadline, caller }) => {
      const catalogs = cached(await loaders.store());
      const text = await deadline.within(() => catalogs?.text(caller.partition, revision));
      return text === undefined ? null : (JSON.parse(text) as unknown);
    },
  },
};
