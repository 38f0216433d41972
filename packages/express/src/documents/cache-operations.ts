/** The operations on cached catalogs, for administrators. */
import type { PathName } from '../paths.js';
import { json, refusals } from './answers.js';
import type { Operation } from './operation.js';

const shared = { tag: 'Operation', secured: true, feature: 'cache' } as const;
const NEEDS_ADMIN = 'Needs the role `admin`.';

/** The operations, by their row in the table of paths. */
export const CACHE_OPERATIONS = {
  caches: [
    {
      ...{ ...shared, method: 'delete', id: 'purgeCaches', summary: 'Drop all cached catalogs' },
      description: `The next request to each partition loads its catalog again. ${NEEDS_ADMIN}`,
      answers: { 200: json('They are dropped.', 'CachesPurged'), ...refusals('Problem', 400, 401, 403, 405, 429, 500, 503) },
    },
  ],
  cache: [
    {
      ...{ ...shared, method: 'delete', id: 'purgeCache', summary: 'Drop the cached catalog of a partition' },
      description: `The next request to the partition loads its catalog again. ${NEEDS_ADMIN}`,
      answers: { 200: json('It is dropped.', 'CachePurged'), ...refusals('Problem', 400, 401, 403, 405, 429, 500, 503) },
    },
  ],
  cacheStatus: [
    {
      ...{ ...shared, method: 'get', id: 'cacheStatus', summary: 'See what is cached of a partition' },
      description: `Loads nothing. ${NEEDS_ADMIN}`,
      answers: { 200: json('What is cached.', 'CacheStatus'), ...refusals('Problem', 400, 401, 403, 405, 429, 500) },
    },
  ],
  cacheRefresh: [
    {
      ...{ ...shared, method: 'post', id: 'refreshCache', summary: 'Load the catalog of a partition again' },
      description: `Reads the store, or the config file. Clients are notified of what changed. ${NEEDS_ADMIN}`,
      answers: {
        200: json('It is loaded.', 'CacheRefreshed'),
        ...refusals('Problem', 400, 401, 403, 405, 429, 503),
        404: json('There is no such partition.', 'Problem'),
        500: json('It could not be loaded, and what was served before still is; the log says why.', 'Problem'),
      },
    },
  ],
} satisfies Partial<Record<PathName, readonly Operation[]>>;
