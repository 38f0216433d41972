/**
 * Which entry of `modules` belongs to a link.
 */
import type { ConfigModule } from './document.js';

/** What of an entry counts for the code of any class in its module. */
const location = (entry: ConfigModule): string =>
  JSON.stringify([
    entry.package_name || entry.module_name,
    entry.source || '',
    entry.sha256?.toLowerCase() ?? '',
    entry.isolation ?? '',
  ]);

/** One key for a module's class, or for the module itself. */
const keyOf = (module: string, className: string | null | undefined): string => `${module}\n${className || ''}`;

/** What the modules entries say of one link's code. */
export interface ModuleMatch {
  /** Absent: an installed package or a file of the module's name, without settings. */
  entry?: ConfigModule;
  /** Whether the entry's `setting` is this class's: not where the entry is of another class of the module. */
  ownSetting: boolean;
  /** The module has entries, none of them for this class, and they name different code. */
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
   * The entry of the link's class; else the module's own, without class_name; else any of the module's, for where its code is
   * but not for the settings.
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
