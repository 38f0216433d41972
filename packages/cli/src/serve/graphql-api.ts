/** The GraphQL API of the command. In a chunk of its own in the build: it is loaded by the first request for it. */
import type { Daemon, Logger } from '@mcp-daemon/core';
import type { ListSessions } from '@mcp-daemon/express';
import type { GraphqlApi } from '@mcp-daemon/graphql';
import { createGraphqlApi } from '@mcp-daemon/graphql';

import type { LazyBundles } from '../runtime/lazy-bundles.js';
import type { Env, Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { packageOperators } from './package-operators.js';

/** What {@link openGraphqlApi} takes. */
export interface GraphqlApiOptions {
  daemon: Daemon;
  settings: Settings;
  env: Env;
  /** The bundles that the daemon runs. */
  bundles: LazyBundles;
  /** The partition of the config file. Undefined: there is no config file. */
  configPartition: string | undefined;
  /** The open sessions of a partition. */
  sessions: ListSessions;
  logger: Logger;
}

/** Creates the API. */
export function openGraphqlApi(options: GraphqlApiOptions): GraphqlApi {
  const { daemon, settings, env, bundles, configPartition, sessions, logger } = options;
  const packages = packageOperators(settings, env, bundles);
  return createGraphqlApi({
    ...{ daemon, configPartition, logger, version: VERSION, introspection: settings.graphqlIntrospection },
    limits: {
      timeLimitMs: settings.graphqlTimeoutMs,
      maxDepth: settings.graphqlMaxDepth,
      maxCost: settings.graphqlMaxCost,
    },
    // Admins have access to all partitions.
    operators: {
      administers: ({ role }) => role === 'admin',
      sessions: ({ partition }) => sessions(partition),
      ...(packages === undefined ? {} : { packages }),
    },
  });
}
