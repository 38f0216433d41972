/** Reads the state of the daemon: its partitions, sessions, caches and counters. */
import type { CacheStats, CatalogStore, DaemonStats, ServerStatus, StoredPartition } from '@mcp-daemon/core';

import { ApiError, shownError } from '../base/errors.js';
import type { PageArgs } from '../base/paging.js';
import { listSeal, openCursor, pageWanted, sealCursor } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { Resolvers } from './resolver.js';

/** Reads of one page: partitions that the caller does not administer are left out, so a page may come short. */
const MAX_READS = 20;

interface ShownPartition {
  partitionKey: string;
  origin: 'FILE' | 'ROWS' | 'REVISIONS' | 'NONE';
  revision: string | null;
}

const shownPartition = ({ partition, head }: StoredPartition, { reader }: Context): ShownPartition => ({
  partitionKey: partition,
  origin: reader.isFixed(partition) ? 'FILE' : typeof head?.revision === 'string' ? 'REVISIONS' : 'ROWS',
  revision: reader.isFixed(partition) ? null : (head?.revision ?? null),
});

const pageOf = (items: readonly ShownPartition[], endCursor: string | null): object => ({
  hasNextPage: endCursor !== null,
  endCursor,
  partitionList: items,
});

/** The partition of the request, for callers of whom nothing else is known. */
async function ownPartition({ loaders, caller }: Context): Promise<object> {
  const { origin, revision } = await loaders.served();
  return pageOf(origin === 'NONE' ? [] : [{ partitionKey: caller.partition, origin, revision }], null);
}

async function listPartitions(args: PageArgs, context: Context): Promise<object> {
  const { operators, caller, deadline, limits, loaders } = context;
  const { size, after } = pageWanted(args, limits);
  const seal = listSeal(caller.partition, 'partitions');
  let cursor = after === undefined ? undefined : openCursor(seal, after);
  const administers = operators.administers?.bind(operators);
  const catalogs: CatalogStore | undefined = (await loaders.store()).catalogs;
  if (administers === undefined || catalogs === undefined) return ownPartition(context);
  const found: ShownPartition[] = [];
  for (let reads = 0; reads < MAX_READS && found.length < size; reads += 1) {
    const query = { limit: size - found.length, ...(cursor === undefined ? {} : { cursor }) };
    const page = await deadline.within(() => catalogs.partitions(query));
    found.push(
      ...page.items
        .filter(({ partition }) => administers(caller, partition))
        .map((partition) => shownPartition(partition, context)),
    );
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return pageOf(found, cursor === undefined ? null : sealCursor(seal, cursor));
}

function sessions({ operators, caller }: Context): unknown {
  if (operators.sessions === undefined)
    throw new ApiError('NOT_AVAILABLE', 'The sessions are not known here: this API is served by another program.');
  return operators.sessions(caller);
}

async function cacheState({ daemon, caller, documents, loaders, cacheCounts }: Context): Promise<object> {
  const cached = daemon.catalogs.status(caller.partition);
  const store = await loaders.store();
  return {
    isCached: cached !== undefined,
    revision: cached?.definition.revision ?? null,
    functions: cached?.definition.functions.length ?? null,
    ageMs: cached?.ageMs ?? null,
    catalogs: daemon.catalogs.stats(),
    reads: store.catalogs === undefined ? null : (cacheCounts(store) satisfies CacheStats),
    documents: documents(),
  };
}

async function storeProblem({ daemon, deadline, logger }: Context): Promise<string | null> {
  try {
    await deadline.within(() => daemon.check());
    return null;
  } catch (error) {
    return shownError(error, logger).message;
  }
}

export const daemonResolvers: Resolvers = {
  Query: {
    ping: () => `Hello at ${new Date().toISOString().slice(11, 19)}!!`,
    partitions: (_: unknown, args: PageArgs, context) => listPartitions(args, context),
    sessions: (_: unknown, _args: unknown, context) => sessions(context),
    cache: (_: unknown, _args: unknown, context) => cacheState(context),
    daemon: (_: unknown, _args: unknown, { version }) => ({ version: version ?? null }),
  },
  DaemonState: {
    store: async (_: unknown, _args: unknown, { loaders }) => (await loaders.store()).name,
    storeProblem: (_: unknown, _args: unknown, context) => storeProblem(context),
    counters: (_: unknown, _args: unknown, { daemon }) => daemon.stats(),
    servers: (_: unknown, _args: unknown, { daemon }) => daemon.stats().servers ?? [],
  },
  MountedServer: {
    state: ({ state }: ServerStatus) => state.toUpperCase(),
    title: ({ server }: ServerStatus) => (server === undefined ? null : `${server.name} ${server.version}`.trim()),
    login: ({ login }: ServerStatus) => login?.state.toUpperCase() ?? null,
    loginEnds: ({ login }: ServerStatus) => login?.ends ?? null,
    loginProblem: ({ login }: ServerStatus) => login?.problem ?? null,
  },
  DaemonCounters: {
    running: (stats: DaemonStats) => stats.inFlight,
    connections: (stats: DaemonStats) => stats.sessions,
  },
};
