/** Configs and stores that tests of stored catalogs need. */
import type { ConfigDocument } from '../../src/config/document.js';
import type { CatalogStore } from '../../src/ports/catalog-store.js';
import { DaemonError } from '../../src/protocol/errors.js';

/** A config of tools of one class with a setting. */
export function config(names: readonly string[], changes: Partial<ConfigDocument> = {}): ConfigDocument {
  return {
    name: 'weather',
    instructions: 'Ask about the weather.',
    tools: names.map((name) => ({
      name,
      description: `The tool ${name}`,
      inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
    })),
    module_links: names.map((name) => ({
      name,
      module_name: 'weather',
      class_name: 'Weather',
      function_name: name,
      timeout_ms: 500,
    })),
    modules: [{ module_name: 'weather', class_name: 'Weather', setting: { key: 'secret', days: 3 } }],
    ...changes,
  };
}

export const AUTHOR = { author: 'ada' };

/** A store whose writes fail from the nth on, as if the process had ended there. */
export function failing(catalogs: CatalogStore, writes: number): CatalogStore {
  let left = writes;
  const guarded =
    <A extends unknown[], R>(write: (...args: A) => R) =>
    (...args: A): R => {
      if (left === 0) throw new DaemonError('store_failed', 'the process ended');
      left -= 1;
      return write(...args);
    };
  return {
    ...catalogs,
    commit: guarded(catalogs.commit.bind(catalogs)),
    touch: guarded(catalogs.touch.bind(catalogs)),
    writeRows: guarded(catalogs.writeRows.bind(catalogs)),
    putSetting: guarded(catalogs.putSetting.bind(catalogs)),
  };
}
