/** The GraphQL API of the command. In a chunk of its own in the build: it is loaded by the first request for it. */
import type { Daemon, Logger } from '@mcp-daemon/core';
import type { ListSessions } from '@mcp-daemon/express';
import type { GraphqlApi } from '@mcp-daemon/graphql';
import { createGraphqlApi } from '@mcp-daemon/graphql';

import type { Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';

/** What {@link openGraphqlApi} takes. */
export interface GraphqlApiOptions {
  daemon: Daemon;
  settings: Settings;
  /** The partition of the config file. Undefined: there is no config file. */
  configPartition: string | undefined;
  /** The open sessions of a partition. */
  sessions: ListSessions;
  logger: Logger;
}

/** Creates the API. */
export const openGraphqlApi = ({ daemon, settings, configPartition, sessions, logger }: GraphqlApiOptions): GraphqlApi =>
  createGraphqlApi({
    ...{ daemon, configPartition, logger, version: VERSION, introspection: settings.graphqlIntrospection },
    limits: {
      timeLimitMs: settings.graphqlTimeoutMs,
      maxDepth: settings.graphqlMaxDepth,
      maxCost: settings.graphqlMaxCost,
    },
    // Admins have access to all partitions.
    operators: { administers: ({ role }) => role === 'admin', sessions: ({ partition }) => sessions(partition) },
  });
