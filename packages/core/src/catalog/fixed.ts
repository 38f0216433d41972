/** A source of one catalog, which the program replaces by calling `update`. */
import type { CatalogSource } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';

/** A source with one partition. */
export interface FixedCatalogSource extends CatalogSource {
  watch(listener: (partition: string) => void): () => void;
  close(): void;
  /** Replaces the catalog. Listeners are called before it returns. */
  update(definition: CatalogDefinition): void;
}

/**
 * Creates a source of one catalog for one partition. It has no other partitions.
 *
 * @param partition name of the partition
 * @param definition its catalog, until the first `update`
 */
export function createFixedSource(partition: string, definition: CatalogDefinition): FixedCatalogSource {
  const listeners = new Set<{ changed: (partition: string) => void }>();
  let current = definition;
  return {
    load: (wanted) => (wanted === partition ? current : undefined),
    watch(changed) {
      const entry = { changed }; // a new object, so that the same function can be added twice
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    update(next) {
      current = next;
      for (const { changed } of [...listeners]) changed(partition);
    },
    close: () => listeners.clear(),
  };
}
