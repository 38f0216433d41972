/**
 * Finds the entry of `modules` for a link.
 */
import type { ConfigModule } from './document.js';

/** The parts of an entry that decide which code is loaded. */
const location = (entry: ConfigModule): string =>
  JSON.stringify([
    entry.package_name || entry.module_name,
    entry.source || '',
    entry.sha256?.toLowerCase() ?? '',
    entry.isolation ?? '',
  ]);

/** The key of a module's class, or of the module itself. */
const keyOf = (module: string, className: string | null | undefined): string => `${module}\n${className || ''}`;

/** The entry for one link. */
export interface ModuleMatch {
  /** Absent: the code is an installed package or a file with the module's name, and has no settings. */
  entry?: ConfigModule;
  /** Whether the entry's `setting` is for this class. It is not if the entry is for another class of the module. */
  ownSetting: boolean;
  /** The module has entries with different code, and none for this class. */
  ambiguous: boolean;
}

/** Finds modules entries by link. */
export class ModuleIndex {
  readonly #exact = new Map<string, ConfigModule>();
  readonly #byModule = new Map<string, ConfigModule[]>();

  /** @param entries entries of `modules` that have a module_name */
  constructor(entries: readonly ConfigModule[]) {
    for (const entry of entries) {
      const key = keyOf(entry.module_name, entry.class_name);
      if (!this.#exact.has(key)) this.#exact.set(key, entry);
      const siblings = this.#byModule.get(entry.module_name);
      if (siblings === undefined) this.#byModule.set(entry.module_name, [entry]);
      else siblings.push(entry);
    }
  }

  /**
   * The entry with the link's class; else the module's entry without class_name; else any entry of the module, which says where
   * the code is, but not the settings.
   */
  match(module: string, className: string | null | undefined): ModuleMatch {
    const entry = this.#exact.get(keyOf(module, className)) ?? this.#exact.get(keyOf(module, undefined));
    if (entry !== undefined) return { entry, ownSetting: true, ambiguous: false };
    const siblings = this.#byModule.get(module) ?? [];
    const [first] = siblings;
    if (first === undefined) return { ownSetting: false, ambiguous: false };
    return siblings.every((sibling) => location(sibling) === location(first))
      ? { entry: first, ownSetting: false, ambiguous: false }
      : { ownSetting: false, ambiguous: true };
  }
}
