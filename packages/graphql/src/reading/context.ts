/** What resolvers get: who asks, what they may do, and the reads of the request. */
import type { Awaitable, CacheStats, CatalogStore, Daemon, Logger, Store } from '@mcp-daemon/core';

import type { Deadline } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';
import type { Loaders } from './loaders.js';
import type { ServedReader } from './served.js';

/** Who makes a request. */
export interface GraphqlCaller {
  /** The partition of the request. The caller was granted it. */
  readonly partition: string;
  /** The user. */
  readonly subject: string;
  readonly role: 'viewer' | 'user' | 'admin';
  /** Aborted when the client ends the request. */
  readonly signal: AbortSignal;
  /** Runs a piece of work, such as a read, when it is the caller's turn: at once, or later if the caller has much to do. Default: at once. */
  readonly turn?: (work: () => void) => void;
}

/** An open session, as administrators see it. */
export interface OperatorSession {
  /** Not the session's own id, which is a secret. */
  readonly id: string;
  readonly subject: string;
  readonly client?: string | null;
  readonly transport?: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt?: number | null;
  /** Milliseconds since 1970. */
  readonly lastUsedAt?: number | null;
}

/** Bundles of code, for the mutations that upload packages. Only administrators reach them. */
export interface PackageOperators {
  /** The `source` of modules whose code is in a bundle that was uploaded: `s3` or `zip`. */
  readonly source: string;
  /**
   * A URL to which the bundle can be uploaded by PUT. Absent: there are no such URLs, which is an error for those who ask for one.
   *
   * @param seconds how long the URL can be used
   */
  uploadUrl?(name: string, seconds: number): Promise<string>;
  /** Reads a bundle. @throws DaemonError `module_not_found`, `module_failed`, `store_failed`, `store_busy` */
  fetch(name: string): Promise<Uint8Array>;
  /**
   * Checks a bundle, and reads the text of the config that it carries.
   *
   * @param module the module that may carry it in its code
   * @returns undefined: it carries none
   * @throws DaemonError `module_failed` if it is refused, or if its code cannot be loaded
   */
  configOf(bytes: Uint8Array, module: string): Promise<string | undefined>;
  /** Stores a bundle. @throws DaemonError `store_failed`, `store_busy` */
  push(name: string, bytes: Uint8Array): Promise<void>;
  /** Has the daemon look for new versions of its bundles now. */
  refresh(): Promise<void>;
}

/** What only the program that serves the API knows. */
export interface GraphqlOperators {
  /** The open sessions of the caller's partition. Default: the daemon does not know them, which is an error. */
  sessions?(caller: GraphqlCaller): Awaitable<readonly OperatorSession[]>;
  /** Bundles of code. Default: packages cannot be uploaded, which is an error. */
  readonly packages?: PackageOperators;
  /** Whether the caller administers a partition. Default: only the one of the request. */
  administers?(caller: GraphqlCaller, partition: string): boolean;
}

/** What is the same for all requests. */
export interface Shared {
  readonly daemon: Pick<Daemon, 'handle' | 'store' | 'catalogs' | 'events' | 'stats' | 'check'>;
  readonly limits: GraphqlLimits;
  readonly logger: Logger;
  readonly reader: ServedReader;
  readonly operators: GraphqlOperators;
  readonly version: string | undefined;
  /** How many documents are kept. */
  readonly documents: () => number;
  /** The store's catalogs, with their reads cached. */
  readonly cached: (store: Store) => CatalogStore | undefined;
  /** What has been read of the store's catalogs. */
  readonly cacheCounts: (store: Store) => CacheStats;
}

/** The context of one request. */
export interface Context extends Shared {
  readonly caller: GraphqlCaller;
  readonly deadline: Deadline;
  readonly loaders: Loaders;
}

const RANKS = { viewer: 0, user: 1, admin: 2 } as const;

/** Whether a caller has a role, or one that includes it. */
export const hasRole = ({ role }: GraphqlCaller, wanted: GraphqlCaller['role']): boolean => RANKS[role] >= RANKS[wanted];

/**
 * The user who makes a change.
 *
 * @param updatedBy what the client says; null or undefined: nothing
 * @throws ApiError `FORBIDDEN` if it is another name than the caller's
 */
export function authorOf({ caller }: Context, updatedBy: string | null | undefined): string {
  if (typeof updatedBy === 'string' && updatedBy !== caller.subject)
    throw new ApiError('FORBIDDEN', `updatedBy must be the caller, "${caller.subject}", or left out.`);
  return caller.subject;
}

/**
 * The store's catalogs, to change them. Not cached: a change must be made on what is there now.
 *
 * @throws ApiError `READ_ONLY`, `NOT_AVAILABLE`
 */
export async function catalogsToChange({ caller, reader, loaders }: Context): Promise<CatalogStore> {
  const { partition } = caller;
  if (reader.isFixed(partition) || (await loaders.served()).origin === 'FILE')
    throw new ApiError(
      'READ_ONLY',
      `The catalog of the partition "${partition}" comes from the daemon's config file: change that file.`,
    );
  const store = await loaders.store();
  if (store.catalogs === undefined) throw new ApiError('NOT_AVAILABLE', `The ${store.name} store keeps no catalogs.`);
  return store.catalogs;
}

/** Makes a change known: in this request, and to the clients of this daemon. A failure of that is logged: the change is made. */
export async function changed({ caller: { partition }, daemon, loaders, logger }: Context): Promise<void> {
  loaders.clear();
  if (daemon.catalogs.status(partition) === undefined) {
    // Nothing to read again, but it may be remembered that there is no such partition.
    await daemon.catalogs.purge(partition);
    return;
  }
  try {
    await daemon.catalogs.refresh(partition);
  } catch (error) {
    logger.warn(
      { partition, error: String(error) },
      `partition "${partition}" could not be read after a change: ${String(error)}`,
    );
  }
}
