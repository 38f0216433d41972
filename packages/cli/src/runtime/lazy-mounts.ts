/** Other MCP servers that a config mounts. Nothing of them is loaded before a catalog names one. */
import type { CatalogSource, ErrorCode, JsonObject, LinkBinding, Runner } from '@mcp-daemon/core';
import { DaemonError, FunctionContext, parseExactJson } from '@mcp-daemon/core';
import type { Mounts, UserLogins } from '@mcp-daemon/mount';

import type { OpenMountsOptions } from './mounts.js';

/** What {@link lazyMounts} takes. */
export type LazyMountsOptions = Omit<OpenMountsOptions, 'sourceOf' | 'parseJson'>;

/** The pages of log-ins, loaded at their first use. */
export type LazyLogins = Pick<UserLogins, 'open' | 'begin' | 'finish'> & {
  clientDocument(): Promise<JsonObject | undefined>;
};

/** Mounted servers, opened at their first use. */
export interface LazyMounts {
  readonly runner: Runner;
  /** The mounted servers, loaded. */
  opened(): Promise<Mounts>;
  /**
   * The pages on which users log in at mounted servers.
   *
   * @param base the public URL of this server, without a slash at its end; undefined: it is not known
   */
  logins(base: () => string | undefined): LazyLogins;
  /** Adds the functions of mounted servers to the catalogs of a source. */
  source(base: CatalogSource): CatalogSource;
}

/** An error of the other copy of core as one of this copy. */
function ownError(error: unknown): unknown {
  if (error instanceof DaemonError || !(error instanceof Error) || error.name !== 'DaemonError') return error;
  return new DaemonError((error as Error & { code: ErrorCode }).code, error.message, { cause: error.cause });
}

/** Creates the mounted servers of the settings. */
export function lazyMounts(options: LazyMountsOptions): LazyMounts {
  const listeners = new Set<{ changed: (partition: string) => void }>();
  let base: CatalogSource | undefined;
  let opening: Promise<Mounts> | undefined;
  let opened: Mounts | undefined;
  let loginBase: (() => string | undefined) | undefined;
  /** The source with mounted servers, when there are some. */
  let mounted: CatalogSource | undefined;

  async function open(): Promise<Mounts> {
    const { openMounts } = await import('./mounts.js');
    opened = openMounts({ ...options, sourceOf: (context) => FunctionContext.sourceOf(context), parseJson: parseExactJson });
    if (loginBase !== undefined) opened.serveLogins(loginBase);
    // Its `watch` hears of the servers only: changes of `base` are heard already.
    const { watch: _, close: _close, ...quiet } = base as CatalogSource;
    mounted = opened.source(quiet);
    mounted.watch?.((partition) => {
      for (const listener of [...listeners]) listener.changed(partition);
    });
    return opened;
  }
  const mounts = (): Promise<Mounts> => (opening ??= open());
  /** The pages; undefined: there is no config file, so nothing is mounted. */
  const pages = async (): Promise<UserLogins | undefined> => (base === undefined ? undefined : (await mounts()).pages());
  const noMounts = (): never => {
    throw new Error('no server is mounted');
  };
  const accepts = ({ source }: LinkBinding): boolean => source === 'mcp';

  return {
    opened: mounts,
    logins(of) {
      loginBase = of;
      opened?.serveLogins(of);
      return {
        open: async (ticket) => (await pages())?.open(ticket),
        begin: async (ticket) => (await pages())?.begin(ticket) ?? noMounts(),
        finish: async (answer, browserOf) => (await pages())?.finish(answer, browserOf) ?? noMounts(),
        clientDocument: async () => (await pages())?.clientDocument(),
      };
    },
    source(of) {
      base = of;
      return {
        ...of,
        load(partition) {
          if (mounted !== undefined) return mounted.load(partition);
          const withServers = async (): Promise<Awaited<ReturnType<CatalogSource['load']>>> => {
            await mounts();
            return (mounted as CatalogSource).load(partition);
          };
          const loaded = of.load(partition);
          if (loaded instanceof Promise)
            return loaded.then((definition) => (definition?.mounts === undefined ? definition : withServers()));
          return loaded?.mounts === undefined ? loaded : withServers();
        },
        watch(listener) {
          const entry = { changed: listener };
          listeners.add(entry);
          const unwatch = of.watch?.(listener);
          return () => {
            listeners.delete(entry);
            unwatch?.();
          };
        },
      };
    },
    runner: {
      accepts,
      async resolve(link, partition) {
        try {
          return await (opened ?? (await mounts())).runner.resolve(link, partition);
        } catch (error) {
          throw ownError(error);
        }
      },
      forget: () => undefined, // there is no code here
      follow: (link, partition, uri, on) => opened?.runner.follow?.(link, partition, uri, on),
      servers: () => opened?.runner.servers?.(),
      async close() {
        if (opening !== undefined) await (await opening).close();
      },
    },
  };
}
