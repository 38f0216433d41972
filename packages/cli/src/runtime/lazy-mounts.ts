/** Other MCP servers that a config mounts. Nothing of them is loaded before a catalog names one. */
import type { CatalogSource, ErrorCode, LinkBinding, Runner } from '@mcp-daemon/core';
import { DaemonError, FunctionContext } from '@mcp-daemon/core';
import type { Mounts } from '@mcp-daemon/mount';

import type { OpenMountsOptions } from './mounts.js';

/** What {@link lazyMounts} takes. */
export type LazyMountsOptions = Omit<OpenMountsOptions, 'sourceOf'>;

/** Mounted servers, opened at their first use. */
export interface LazyMounts {
  readonly runner: Runner;
  /** The mounted servers, loaded. */
  opened(): Promise<Mounts>;
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
  /** The source with mounted servers, when there are some. */
  let mounted: CatalogSource | undefined;

  async function open(): Promise<Mounts> {
    const { openMounts } = await import('./mounts.js');
    opened = openMounts({ ...options, sourceOf: (context) => FunctionContext.sourceOf(context) });
    // Its `watch` hears of the servers only: changes of `base` are heard already.
    const { watch: _, close: _close, ...quiet } = base as CatalogSource;
    mounted = opened.source(quiet);
    mounted.watch?.((partition) => {
      for (const listener of [...listeners]) listener.changed(partition);
    });
    return opened;
  }
  const mounts = (): Promise<Mounts> => (opening ??= open());
  const accepts = ({ source }: LinkBinding): boolean => source === 'mcp';

  return {
    opened: mounts,
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
