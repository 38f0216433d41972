/** Makes recorded calls again. */
import type { CatalogDefinition, Difference, Replay, ReplaySide } from '@mcp-daemon/core';
import { DaemonError, ignoredPaths, replayCall, storedCatalog, withBundleVersion } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf } from '../reading/context.js';
import type { Resolvers } from './resolver.js';

interface ReplayArgs {
  mcpFunctionCallUuid: string;
  force?: boolean | null;
  ignore?: readonly string[] | null;
  revision?: string | null;
  bundle?: string | null;
  updatedBy?: string | null;
}

/** The catalog that the call runs on. @returns undefined: what the partition serves */
async function catalogOf(
  { revision, bundle }: ReplayArgs,
  name: string,
  context: Context,
): Promise<CatalogDefinition | undefined> {
  const { daemon, loaders, caller, deadline } = context;
  const { partition } = caller;
  if ((revision ?? null) === null && (bundle ?? null) === null) return undefined;
  let catalog: CatalogDefinition | undefined;
  if (typeof revision === 'string') {
    const { catalogs } = await loaders.store();
    if (catalogs === undefined) throw new ApiError('NOT_FOUND', 'This daemon keeps no revisions.');
    catalog = await deadline.within(() => storedCatalog(catalogs, partition, revision));
  } else {
    await daemon.catalogs.check(partition);
    catalog = daemon.catalogs.status(partition)?.definition;
  }
  if (catalog === undefined) throw new ApiError('NOT_FOUND', 'The partition has no catalog.');
  if (typeof bundle !== 'string') return catalog;
  try {
    return withBundleVersion(catalog, name, bundle);
  } catch (error) {
    throw error instanceof DaemonError ? new ApiError('BAD_USER_INPUT', `bundle: ${error.message}`) : error;
  }
}

async function replay(args: ReplayArgs, context: Context): Promise<Replay> {
  const author = authorOf(context, args.updatedBy);
  const { daemon, loaders, caller, deadline, logger } = context;
  const { mcpFunctionCallUuid: uuid, force, ignore } = args;
  const paths = ignoredPaths(ignore ?? []);
  if ('wrong' in paths)
    throw new ApiError('BAD_USER_INPUT', `ignore: "${paths.wrong}" is neither a JSON path such as $.a.b nor a name.`);
  const { calls } = await loaders.store();
  const record = await deadline.within(() => calls.get(caller.partition, uuid));
  if (record === undefined) throw new ApiError('NOT_FOUND', 'The partition has no call record with this uuid.');
  logger.info({ partition: caller.partition, call: uuid, author }, `${author} replays the call ${uuid} of "${record.name}"`);
  const catalog = await catalogOf(args, record.name, context);
  const options = { force: force === true, ignore: paths.paths, signal: deadline.signal };
  return deadline.within(() => replayCall(daemon, record, catalog === undefined ? options : { ...options, catalog }));
}

export const replayResolvers: Resolvers = {
  Mutation: {
    replayFunctionCall: (_: unknown, args: ReplayArgs, context) => replay(args, context),
  },
  ReplayedCall: {
    mcpFunctionCallUuid: (side: ReplaySide) => side.callId,
    timeSpentMs: (side: ReplaySide) => side.timeSpent,
    revision: (side: ReplaySide) => side.revision || null,
  },
  ResultDifference: {
    kind: (difference: Difference) => difference.kind.toUpperCase(),
  },
};
