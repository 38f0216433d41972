/** The HTTP paths on cached catalogs, for administrators. Answers have the members that those of the Python engine have. */
import type { ServerResponse } from 'node:http';

import type { CachedCatalog, CatalogCache, CatalogDefinition, LinkBinding, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { sendProblem } from '../wire/problem.js';
import { sendJson } from '../wire/respond.js';

/** What {@link createCacheRoutes} takes. */
export interface CacheRoutesOptions {
  cache: Omit<CatalogCache, 'stats'>;
  /** Gets the reason why a catalog could not be loaded again. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'> | undefined;
}

/** Answers requests of administrators. */
export interface CacheRoutes {
  /** What is cached of a partition. */
  status(res: ServerResponse, partition: string): void;
  /** Loads a partition again. */
  refresh(res: ServerResponse, partition: string): Promise<void>;
  /** Drops what is cached of a partition. */
  purge(res: ServerResponse, partition: string): Promise<void>;
  /** Drops what is cached of all partitions. */
  purgeAll(res: ServerResponse): Promise<void>;
}

/** The code of all functions. */
const linksOf = ({ functions }: CatalogDefinition): LinkBinding[] =>
  functions.flatMap(({ binding }) => (binding.kind === 'link' ? [binding] : []));

/** What is in a catalog, by the names of the Python engine. */
function countsOf(partition: string, { definition, ageMs }: CachedCatalog): object {
  const count = (...kinds: readonly string[]): number => definition.functions.filter(({ kind }) => kinds.includes(kind)).length;
  const links = linksOf(definition);
  const modules = new Set(links.map((link) => JSON.stringify([link.source, link.package_name, link.module_name])));
  return {
    partition_key: partition,
    tools_count: count('tool'),
    resources_count: count('resource', 'resource_template'),
    prompts_count: count('prompt'),
    modules_count: modules.size,
    module_links_count: links.length,
    revision: definition.revision,
    age_seconds: Math.round(ageMs) / 1_000,
  };
}

const send = (res: ServerResponse, body: object): void =>
  sendJson(res, 200, JSON.stringify({ ...body, timestamp: new Date().toISOString() }), ['cache-control', 'no-store']);

const done = (message: string): object => ({ status: 'success', message });

/** Creates the handlers. They do not check who asks. */
export function createCacheRoutes({ cache, logger }: CacheRoutesOptions): CacheRoutes {
  return {
    status(res, partition) {
      const cached = cache.status(partition);
      send(res, {
        partition_key: partition,
        is_cached: cached !== undefined,
        cache_info: cached === undefined ? null : countsOf(partition, cached),
      });
    },
    async refresh(res, partition) {
      let cached: CachedCatalog;
      try {
        cached = await cache.refresh(partition);
      } catch (error) {
        if (error instanceof DaemonError && error.code === 'closed') throw error;
        if (error instanceof DaemonError && error.code === 'invalid_request')
          return sendProblem(res, { status: 404, message: error.message });
        const why = error instanceof Error ? error.message : String(error);
        logger?.error({ partition, error: why }, `the catalog of partition "${partition}" could not be refreshed: ${why}`);
        const message = "The catalog could not be loaded again, and what was served before still is. The server's log says why.";
        return sendProblem(res, { status: 500, message });
      }
      send(res, { ...done(`The catalog of "${partition}" is loaded again.`), cache_stats: countsOf(partition, cached) });
    },
    async purge(res, partition) {
      await cache.purge(partition);
      send(res, done(`The cached catalog of "${partition}" is dropped.`));
    },
    async purgeAll(res) {
      const cleared = await cache.purge();
      send(res, { ...done('All cached catalogs are dropped.'), cleared_partitions: cleared.sort() });
    },
  };
}
