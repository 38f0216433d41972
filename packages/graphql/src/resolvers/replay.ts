/** Makes recorded calls again. */
import type { Difference, Replay, ReplaySide } from '@mcp-daemon/core';
import { ignoredPaths, replayCall } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';
import type { Context } from '../reading/context.js';
import { authorOf } from '../reading/context.js';
import type { Resolvers } from './resolver.js';

interface ReplayArgs {
  mcpFunctionCallUuid: string;
  force?: boolean | null;
  ignore?: readonly string[] | null;
  updatedBy?: string | null;
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
  return deadline.within(() =>
    replayCall(daemon, record, { force: force === true, ignore: paths.paths, signal: deadline.signal }),
  );
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
