/** The config that a bundle carries does not say where the bundle is: that is filled in when it is applied. */
import type { ConfigDocument, ConfigModule, ConfigSkill } from './document.js';

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
 * The config of a bundle with the bundle as the place of its code and of its skills.
 *
 * @param document the config. Modules that name a package or a source keep it; an empty source counts as none
 * @returns a copy. Modules that links name and that have no entry get one. Skills without a module get one of the bundle's; where there
 *   is none, one with the bundle's name
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
  const placed = [...modules, ...added].map(place);
  const skills = document.skills ?? [];
  if (skills.every(({ module_name }) => module_name)) return { ...document, modules: placed };
  const taken = new Set(placed.map(({ module_name }) => module_name));
  const own = placed.find((entry) => entry.package_name === name && entry.source === source);
  let module_name = own?.module_name ?? name;
  if (own === undefined) {
    while (taken.has(module_name)) module_name += '-skills'; // the name of the bundle is that of another package's module
    placed.push(place({ module_name }));
  }
  const inBundle = (skill: ConfigSkill): ConfigSkill => (skill.module_name ? skill : { ...skill, module_name });
  return { ...document, skills: skills.map(inBundle), modules: placed };
}
