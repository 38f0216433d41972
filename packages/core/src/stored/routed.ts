/** Two sources as one: a config file's for its partition, a store's for all others. */
import { closeAll } from '../base/close-all.js';
import type { CatalogSource } from '../ports/catalogs.js';

/** What {@link createRoutedSource} takes. */
export interface RoutedSourceOptions {
  /** The partition that has a source of its own. */
  partition: string;
  /** Its source. */
  own: CatalogSource;
  /** The source of all other partitions. */
  others: CatalogSource;
}

/**
 * Creates a source that asks one source about one partition and another source about all others. What the other source has for that one
 * partition is not served. Its end closes both.
 */
export function createRoutedSource({ partition, own, others }: RoutedSourceOptions): CatalogSource {
  /** Each source says it of its own partitions: a config file is not read again because the store wants to be asked. */
  function keepMs(name: string): number | undefined {
    const kept = (name === partition ? own : others).keepMs;
    return typeof kept === 'function' ? kept(name) : kept;
  }
  return {
    load: (name) => (name === partition ? own : others).load(name),
    ...(own.watch === undefined && others.watch === undefined
      ? {}
      : {
          watch(listener) {
            const stopOwn = own.watch?.((name) => {
              if (name === partition) listener(name);
            });
            const stopOthers = others.watch?.((name) => {
              if (name !== partition) listener(name);
            });
            return () => {
              stopOwn?.();
              stopOthers?.();
            };
          },
        }),
    ...(own.keepMs === undefined && others.keepMs === undefined ? {} : { keepMs }),
    refresh: (name) => (name === partition ? own : others).refresh?.(name),
    stats() {
      const [a, b] = [own.stats?.(), others.stats?.()];
      return { watched: (a?.watched ?? 0) + (b?.watched ?? 0), reads: (a?.reads ?? 0) + (b?.reads ?? 0) };
    },
    close: () => closeAll([own, others]),
  };
}
