/** The config that a bundle carries does not say where the bundle is: that is filled in when it is applied. */
import type { ConfigDocument, ConfigModule } from './document.js';

/** Where a bundle is. */
export interface BundlePlace {
  /** The name of the package. */
  name: string;
  /** The `source` that has it: `zip`, `s3`. */
  source: string;
  /** The digest that modules are to demand. Absent: none. */
  sha256?: string;
}

/**
 * The config of a bundle with the bundle as the place of its code.
 *
 * @param document the config. Modules that name a package or a source keep it; an empty source counts as none
 * @returns a copy. Modules that links name and that have no entry get one
 * @example placeInBundle({ tools, module_links }, { name: 'weather', source: 's3' }).modules
 */
export function placeInBundle(document: ConfigDocument, { name, source, sha256 }: BundlePlace): ConfigDocument {
  const place = (entry: ConfigModule): ConfigModule => {
    const package_name = entry.package_name || name;
    const isPinned = sha256 !== undefined && package_name === name;
    return { ...entry, package_name, source: entry.source || source, ...(isPinned ? { sha256 } : {}) };
  };
  const modules = document.modules ?? [];
  const known = new Set(modules.map(({ module_name }) => module_name));
  const linked = new Set((document.module_links ?? []).map(({ module_name }) => module_name));
  const added = [...linked].filter((module) => !known.has(module)).map((module_name): ConfigModule => ({ module_name }));
  return { ...document, modules: [...modules, ...added].map(place) };
}
