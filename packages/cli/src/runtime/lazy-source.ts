/**
 * A source of catalogs that is opened at its first use.
 */
import type { CatalogSource } from '@mcp-daemon/core';

/** Milliseconds after which `load` is called again: as of the store's source, which is not known before it is opened. */
const KEEP_MS = 300_000;

/**
 * Creates a source that opens another one when a catalog is first asked for. An opening that fails is repeated at the next request.
 *
 * @param open may throw: `load` then throws the same
 */
export function lazySource(open: () => Promise<CatalogSource>): CatalogSource {
  const listeners = new Set<(partition: string) => void>();
  let opening: Promise<CatalogSource> | undefined;
  let known: CatalogSource | undefined;
  let closed = false;

  async function opened(): Promise<CatalogSource> {
    const source = await open();
    known = source;
    source.watch?.((partition) => {
      for (const listener of [...listeners]) listener(partition);
    });
    if (closed) await source.close?.();
    return source;
  }

  function source(): Promise<CatalogSource> {
    opening ??= opened().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  return {
    keepMs: KEEP_MS,
    load: async (partition) => (await source()).load(partition),
    watch(listener) {
      const entry = (partition: string): void => listener(partition); // its own function, so that one listener can be added twice
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    // Nothing is known before it is opened.
    refresh: (partition) => known?.refresh?.(partition),
    stats: () => known?.stats?.() ?? { watched: 0, reads: 0 },
    async close() {
      closed = true;
      listeners.clear();
      await (await opening)?.close?.();
    },
  };
}
