/** Refuses streams of partitions that do not exist, as MCP requests to them are refused. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, CatalogCache, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { fail } from '../wire/failure.js';
import { sendProblem } from '../wire/problem.js';

/** Serves one request of a caller of a partition. */
type PartitionHandler<I extends { partition: string }> = (
  req: IncomingMessage,
  res: ServerResponse,
  identity: I,
) => Awaitable<void>;

/** Wraps handlers, as {@link inKnownPartition} says. */
export type InKnownPartition = ReturnType<typeof inKnownPartition>;

/** What {@link inKnownPartition} takes. */
export interface KnownPartitionOptions {
  catalogs: Pick<CatalogCache, 'check'>;
  /** Gets the reason why it could not be found out whether a partition exists. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'> | undefined;
}

/**
 * Wraps handlers of GET requests so that they run for partitions that exist; others get a problem document with the status that `/mcp` answers with. The
 * handler runs at once if the catalog of the partition is loaded.
 */
export const inKnownPartition =
  ({ catalogs, logger }: KnownPartitionOptions) =>
  <I extends { partition: string }>(serve: PartitionHandler<I>): PartitionHandler<I> =>
  async (req, res, identity) => {
    if (req.method !== 'GET') return serve(req, res, identity); // refused, whatever the partition
    try {
      const checked = catalogs.check(identity.partition);
      if (checked instanceof Promise) await checked;
    } catch (error) {
      if (error instanceof DaemonError && error.code === 'invalid_request')
        return sendProblem(res, { status: 400, message: error.message });
      return fail(res, error, logger, sendProblem);
    }
    return serve(req, res, identity);
  };
